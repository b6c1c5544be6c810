// The page of a ranking: the query, and the documents with what it finds in them.

const documents = data.documents.map(({ view, picture }) => ({
  view, picture, pieces: view.b, read: view.read_b, labels: view.labels_b, sentences: view.sentences_b, matrix: unpacked(view.matrix),
}));
const { limit } = data;
const queryGrid = data.picture && setPicture($("query"), data.picture, data.picture.data);
const query = data.picture ? data.labels.map(() => null) : setText($("query"), data.query, "query", data.read);
const sum = (length, at) => { let total = 0; for (let k = 0; k < length; k++) total += at(k); return total; };
const found = (d, j) => sum(d.matrix.rows, (i) => d.matrix.at(i, j)); // what the query finds in word j
const gives = (d, i) => sum(d.matrix.columns, (j) => d.matrix.at(i, j));
const average = (i) => sum(documents.length, (n) => gives(documents[n], i)) / documents.length;
const most = (all) => Math.max(...all.map(Math.abs)) || 1;
const SENTENCES = 3;
let near = null, chosen = null, contrasted = [];

documents.forEach((d, n) => {
  const box = $("document-" + n);
  d.found = d.labels.map((_, j) => found(d, j));
  if (d.picture) Object.assign(d, { words: [], grid: setPicture(box, d.picture, d.picture.data) });
  else d.words = setText(box, d.pieces, n, d.read);
  box.classList.toggle("short", !d.picture);
  if (d.picture) { /* a picture is shown whole */ }
  else if (box.scrollHeight > box.clientHeight + 4) { keepSentences(box, d); addMore(box); }
  else box.classList.remove("short");
  box.closest("li").addEventListener("pointerenter", () => { near = d; draw(); });
});
const leave = () => { near = null; draw(); };
$("documents").addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") leave(); });
document.addEventListener("click", (event) => { if (near && !event.target.closest(".documents")) leave(); }); // a finger's tap
// A patch has a scale of its own, for it has less than a word; so has a word with the patches of a query.
const kindOf = (d) => (d.picture ? "picture" : "text");
const ofKind = (kind, of) => documents.filter((d) => kindOf(d) === kind).flatMap(of);
const limits = {}, mostFound = {};
for (const kind of new Set(documents.map(kindOf))) {
  limits[kind] = Math.max(...ofKind(kind, (d) => d.view.limit));
  const shownOnes = (d) => (d.picture ? d.found.slice(0, d.picture.boxes.length) : d.found);
  mostFound[kind] = Math.max(limits[kind], ...ofKind(kind, (d) => d.view.least_b || 0), most(ofKind(kind, shownOnes)));
}

// Of a long document the sentences are shown that the query finds most in, with "…" between them.
function keepSentences(box, d) {
  if (d.sentences.length < 2) return;
  const weights = d.sentences.map(([start, end]) => { let total = 0; for (let j = start; j < end; j++) total += Math.abs(d.found[j] || 0); return total; });
  const kept = new Set([...weights.keys()].sort((p, q) => weights[q] - weights[p]).slice(0, SENTENCES));
  const parts = d.sentences.map((_, n) => make("span", { class: kept.has(n) ? "sentence" : "sentence left" }));
  let at = 0;
  for (const node of [...box.childNodes]) {
    while (node.index !== undefined && at < d.sentences.length - 1 && node.index >= d.sentences[at][1]) at++;
    parts[at].append(node);
  }
  parts.forEach((part, n) => {
    if (!kept.has(n) && (n === 0 || kept.has(n - 1))) box.append(make("span", { class: "gap" }, "… "));
    box.append(part);
  });
}

function addMore(box) {
  const button = make("button", { type: "button", "aria-expanded": "false" }, "Show all");
  button.addEventListener("click", () => {
    const short = box.classList.toggle("short");
    button.textContent = short ? "Show all" : "Show less";
    button.setAttribute("aria-expanded", String(!short));
  });
  box.after(button);
  box.addEventListener("focusin", () => { if (box.classList.contains("short")) button.click(); });
}

function draw() {
  const inQuery = chosen && chosen.side === "query" ? chosen.index : null;
  const d = chosen && inQuery === null ? documents[chosen.side] : near;
  for (const word of document.querySelectorAll(".chosen")) word.classList.remove("chosen");
  if (chosen) chosen.classList.add("chosen");
  for (const each of documents) {
    const kind = kindOf(each), one = inQuery !== null, value = (j) => (one ? each.matrix.at(inQuery, j) : chosen && each === d ? 0 : each.found[j]);
    each.grid?.shade(each.labels.map((_, j) => value(j)), one ? limits[kind] : mostFound[kind]);
    each.words.forEach((word, j) => { if (word) shade(word, value(j), one ? limits[kind] : mostFound[kind]); });
  }
  const [one, less] = contrasted.length === 2 ? contrasted.map((n) => documents[n]) : [];
  const gave = query.map((_, i) => (less && !d ? gives(one, i) - gives(less, i) : d ? gives(d, i) : average(i)));
  const scale = chosen && d ? limits[kindOf(d)] : most(data.picture ? gave.slice(0, data.picture.boxes.length) : gave);
  const ofQuery = query.map((_, i) => (inQuery !== null ? 0 : chosen && d ? d.matrix.at(i, chosen.index) : gave[i]));
  queryGrid?.shade(ofQuery, scale);
  query.forEach((word, i) => { if (word) shade(word, ofQuery[i], scale); });
  const [kind, more] = Object.keys(limits), now = chosen ? limits : mostFound;
  setLegend(now[kind], (chosen ? "one word" : "sums over the query") + (more ? `; of a ${more === "picture" ? "patch" : "word"} up to ${shown(now[more], now[more])}` : ""));
  say(inQuery, d, gave);
}

function say(inQuery, d, gave) {
  const status = $("status"), bdi = (label) => make("bdi", {}, "“" + label + "”");
  const list = (pairs) => {
    const found = pairs.filter((p) => Math.abs(p.value) >= 0.01 * limit).sort((p, q) => Math.abs(q.value) - Math.abs(p.value)).slice(0, 5);
    found.forEach((p, n) => status.append(n ? ", " : ": ", bdi(p.label), p.place ? ` in document ${p.place} ` : " ", make("span", { class: "num" }, shown(p.value, limit))));
    if (!found.length) status.append(": nothing as strong as 1 % of the strongest pair");
  };
  status.replaceChildren();
  if (inQuery !== null) {
    status.append(bdi(data.labels[inQuery]), ...asRead(data.read[inQuery], data.labels[inQuery]), " finds");
    const inAll = (each, n) => [{ label: each.picture.name, place: n + 1, value: gives(each, inQuery) }];
    list(documents.flatMap((each, n) => (each.picture ? inAll(each, n) : each.labels.map((label, j) => ({ label, place: n + 1, value: each.matrix.at(inQuery, j) })))));
  } else if (chosen) {
    status.append(bdi(d.labels[chosen.index]), ...asRead(d.read[chosen.index], d.labels[chosen.index]), ` in document ${chosen.side + 1} is found by`);
    list(data.labels.map((label, i) => ({ label, value: d.matrix.at(i, chosen.index) })));
  } else if (d) {
    status.append(`What each ${data.picture ? "patch" : "word"} of the query adds to the score of document ` + (documents.indexOf(d) + 1));
    if (!data.picture) list(data.labels.map((label, i) => ({ label, value: gave[i] })));
  } else if (contrasted.length === 2) {
    const [p, q] = contrasted, apart = data.scores[p] - data.scores[q];
    status.append(`Document ${p + 1} is `, make("span", { class: "num" }, shown(apart, limit)), ` more similar than document ${q + 1}. Of this the ${data.picture ? "patches" : "words"} of the query add`, data.picture ? " what its colours show" : "");
    if (!data.picture) list(data.labels.map((label, i) => ({ label, value: gave[i] })));
  } else if (contrasted.length === 1) {
    status.append(`Document ${contrasted[0] + 1} is contrasted with the next that you choose.`);
  } else {
    const things = [...new Set(documents.map((each) => (each.picture ? "patches" : "words")))].join(" and "), ours = data.picture ? "patches" : "words";
    status.append(`${things[0].toUpperCase() + things.slice(1)} have the colour of what the query finds in them; the query's ${ours} that of what they add in the mean. `, pointing(ours === "words" || things.includes("words") ? "word" : "picture"));
  }
}

function pointing(what) {
  if (!matchMedia("(hover: hover)").matches) return `Tap a ${what} to see what it goes with; tap elsewhere to let it go.`;
  return `Point at a ${what}${what === "word" ? ", or move to it with Tab and the arrow keys" : ""}.`;
}

for (const button of document.querySelectorAll("[data-contrast]")) button.addEventListener("click", () => {
  const n = Number(button.dataset.contrast);
  contrasted = contrasted.includes(n) ? contrasted.filter((other) => other !== n) : [...contrasted.slice(-1), n];
  for (const each of document.querySelectorAll("[data-contrast]")) each.setAttribute("aria-pressed", String(contrasted.includes(Number(each.dataset.contrast))));
  near = null;
  draw();
});

// A document with the query as a page of its own, made from what is here.
function openPair(n) {
  const { view } = documents[n], { about } = data.documents[n];
  const pictures = { a: data.picture, b: documents[n].picture };
  const json = JSON.stringify({ explanations: [{ views: [view], score: data.scores[n], limit: pictures.a || pictures.b ? limit : view.limit, pictures }] });
  const safe = json.replace(/[<>&\u2028\u2029]/g, (char) => "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"));
  const page = data.pages[kindOf(documents[n])].replace('id="data">{}<', () => `id="data">${safe}<`).replace("</h1>", () => `</h1>${about}`);
  window.open(URL.createObjectURL(new Blob([page], { type: "text/html" })), "_blank");
}
for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => openPair(Number(button.dataset.open)));

choosing($("ranking"), (word) => { chosen = word; draw(); });
draw();
