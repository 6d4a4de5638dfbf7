// From a clip to its report: copy it to the program, draw the area, watch, and land on the result.

import { Refused, answered, ask } from "api";

const POLL_MS = 400;
const STAGES = { starting: "Starting", measuring: "Measuring motion", drawing: "Drawing the overlay" };
const byId = (id) => document.getElementById(id);
const fields = ["x", "y", "w", "h"].map(byId);

let clip = null;

function tell(problem) {
  byId("problem").textContent = problem;
  byId("problem").hidden = !problem;
  if (problem) byId("problem").scrollIntoView({ block: "nearest" });
}

function step(name) {
  for (const id of ["choose", "area", "running"]) byId(id).hidden = id !== name;
}

async function attempt(work) {
  tell("");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(error.message);
  }
}

// a request that tells how much of the file has been copied, which fetch does not
function send(file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "clips");
    request.setRequestHeader("X-Name", encodeURIComponent(file.name));
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) byId("copying").value = event.loaded / event.total;
    });
    request.addEventListener("load", () => resolve(answered(new Response(request.responseText, { status: request.status }))));
    request.addEventListener("error", () => reject(new Refused("The clip could not be read or copied.", 0)));
    request.send(file);
  });
}

async function take(file) {
  if (!file) return;
  byId("copying").hidden = false;
  try {
    clip = await send(file);
  } finally {
    byId("copying").hidden = true;
    byId("file").value = "";
  }
  show();
  step("area");
}

function show() {
  const { name, duration_s, width_px, height_px, median_fps, warnings } = clip.facts;
  byId("facts").textContent = [
    `${name}: ${duration_s.toFixed(1)} s, ${width_px} \u00d7 ${height_px} px, ${median_fps.toPrecision(4)} frames per second.`,
    ...warnings.map((text) => `Note: ${text}.`),
  ].join(" ");
  byId("still").src = `clips/${clip.key}/still`;
  setArea(null);
}

// -- the area, in px of the upright picture -------------------------------------------------------

function setArea(area) {
  const values = area ? [area.x, area.y, area.w, area.h] : ["", "", "", ""];
  fields.forEach((field, k) => (field.value = values[k]));
  drawFrame();
}

function readArea() {
  const [x, y, w, h] = fields.map((field) => field.valueAsNumber);
  return [x, y, w, h].every(Number.isFinite) && w > 0 && h > 0 ? { x, y, w, h } : null;
}

function drawFrame() {
  const area = readArea();
  byId("frame").hidden = !area;
  if (!area) return;
  const { width_px, height_px } = clip.facts;
  const percent = (part, whole) => `${(100 * part) / whole}%`;
  Object.assign(byId("frame").style, {
    left: percent(area.x, width_px),
    top: percent(area.y, height_px),
    width: percent(area.w, width_px),
    height: percent(area.h, height_px),
  });
}

function placeOf(event) {
  const box = byId("still").getBoundingClientRect();
  const share = (value, from, length) => Math.max(0, Math.min(1, (value - from) / length));
  return {
    x: Math.round(share(event.clientX, box.left, box.width) * clip.facts.width_px),
    y: Math.round(share(event.clientY, box.top, box.height) * clip.facts.height_px),
  };
}

let corner = null;
const canvas = byId("canvas");
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  corner = placeOf(event);
  event.preventDefault();
});
canvas.addEventListener("pointermove", (event) => {
  if (!corner) return;
  const { x, y } = placeOf(event);
  setArea({ x: Math.min(x, corner.x), y: Math.min(y, corner.y), w: Math.abs(x - corner.x), h: Math.abs(y - corner.y) });
});
for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => (corner = null));
for (const field of fields) field.addEventListener("input", drawFrame);
byId("whole").addEventListener("click", () => setArea(null));

// -- analysis -------------------------------------------------------------------------------------

function order() {
  const number = (id) => (byId(id).value === "" ? null : byId(id).valueAsNumber);
  return {
    area: readArea(),
    label: byId("label").value,
    sensitivity: byId("sensitivity").value,
    from_s: number("from_s"),
    to_s: number("to_s"),
    capture_fps: number("capture_fps"),
  };
}

async function analyze() {
  await ask(`clips/${clip.key}/analyze`, order());
  step("running");
  await watch();
}

async function watch() {
  for (;;) {
    const { status, stage, done, total, error, address } = await ask(`clips/${clip.key}/progress`);
    if (status === "done") {
      location.assign(address);
      return;
    }
    if (status === "failed") {
      step("area");
      throw new Refused(error, 422);
    }
    if (total > 0) byId("progress").value = done / total;
    else byId("progress").removeAttribute("value");
    byId("stage").textContent = (STAGES[stage] ?? stage) + (total > 0 ? `: ${done} of ${total} frames` : "");
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}

// what was begun in a window that was closed since
async function goOn(begun) {
  clip = begun;
  show();
  step("running");
  await watch();
}

async function forget() {
  const { key } = clip;
  step("choose");
  await ask(`clips/${key}/forget`, {});
}

byId("file").addEventListener("change", () => attempt(() => take(byId("file").files[0])));
byId("analyze").addEventListener("click", () => attempt(analyze));
byId("another").addEventListener("click", () => attempt(forget));
byId("stop").addEventListener("click", () => attempt(() => ask(`clips/${clip.key}/stop`, {})));
byId("quit").addEventListener("click", () =>
  attempt(async () => {
    await ask("quit", {});
    document.querySelector("main").textContent = "The program has ended. This window can be closed.";
  }),
);

const drop = byId("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (!byId("choose").hidden) attempt(() => take(event.dataTransfer.files[0]));
});

const { clip: begun } = byId("running").dataset;
if (begun) attempt(() => goOn(JSON.parse(begun)));
