"""Builders and checks shared by the tests."""
