// What is shown stands in the page's address, so that a finding can be sent; and what people do changes what is shown.

// #x=1&view=tokens&min=20&off=special,function&w=a4
function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const at = Number(wanted.get("x") || 0), least = Number(wanted.get("min") || 0);
  if (least >= 0 && least <= 100) $("slider").value = String(least);
  state.least = Number($("slider").value) / 100;
  for (const box of document.getElementsByName("off")) box.checked = (wanted.get("off") || "").split(",").includes(box.value);
  readFilters();
  setView(explanations[at] ? at : 0, wanted.get("view") || state.name);
  for (const [name, v] of [["explanation", String(state.at)], ["view", state.name]]) for (const radio of document.getElementsByName(name)) radio.checked = radio.value === v;
  const [, side, index] = (wanted.get("w") || "").match(/^([ab])(\d+)$/) || [];
  if (side && words[side][index]) choice.pin(words[side][index]);
}

function writeAddress() {
  const parts = [state.at && `x=${state.at}`, state.name !== data.explanations[0].views[0].name && `view=${state.name}`,
    state.least && `min=${Math.round(100 * state.least)}`, state.off.size && `off=${[...state.off].join()}`,
    choice.pinned() && `w=${choice.pinned().side}${choice.pinned().index}`].filter(Boolean);
  if (location.hash.slice(1) === parts.join("&")) return;
  try { history.replaceState(null, "", "#" + parts.join("&")); } catch { /* a frame in a notebook has no address */ }
}

function readFilters() {
  state.off = new Set([...document.getElementsByName("off")].filter((box) => box.checked).map((box) => box.value));
}

// A pair that was clicked is kept, and pointing at others shows them until the pointer leaves.
let keptCell = null;
const pointedAt = (cell) => { state.cell = cell || keptCell; state.chosen = cell ? null : choice.now(); draw(); };
const keep = (cell) => { choice.clear(); keptCell = state.cell = cell; draw(); };
const choice = choosing($("texts"), (word, pinned) => { if (pinned) keptCell = null; state.chosen = word; state.cell = word ? null : keptCell; draw(); }, () => { keptCell = state.cell = null; });
$("slider").addEventListener("input", () => { state.least = Number($("slider").value) / 100; slide(); });
for (const box of document.getElementsByName("off")) box.addEventListener("change", () => { readFilters(); slide(); });
const again = (at, name) => { keptCell = null; choice.forget(); setView(at, name); };
for (const radio of document.getElementsByName("view")) radio.addEventListener("change", () => again(state.at, radio.value));
for (const radio of document.getElementsByName("explanation")) radio.addEventListener("change", () => again(Number(radio.value), state.name));
for (const radio of document.getElementsByName("fall")) radio.addEventListener("change", drawFall);
addEventListener("resize", draw);
addEventListener("hashchange", () => { choice.forget(); readAddress(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
watchHeatmap(pointedAt, keep);
watchTable(pointedAt, keep);
readAddress();
if (document.fonts) document.fonts.ready.then(draw);
