"""The local pages: a start page that analyzes clips, and the report with decisions; on this computer only."""
