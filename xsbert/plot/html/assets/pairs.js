// The overview of many pairs: rows that are sorted by any column, and found by a word.

const body = $("rows").tBodies[0], heads = [...$("rows").tHead.rows[0].cells], all = [...body.rows];

function sort(column, descending) {
  const key = (row) => { const cell = row.cells[column]; return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value); };
  const order = (p, q) => (typeof p === "number" ? p - q : p.localeCompare(q, undefined, { numeric: true }));
  all.sort((p, q) => (descending ? -1 : 1) * order(key(p), key(q)));
  body.replaceChildren(...all);
  heads.forEach((head, n) => (n === column ? head.setAttribute("aria-sort", descending ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
}

heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
  const isNumber = all.length > 0 && all[0].cells[column].dataset.value !== undefined;
  sort(column, head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : isNumber);
}));

$("find").addEventListener("input", () => {
  const wanted = $("find").value.trim().toLowerCase();
  let count = 0;
  for (const row of all) { row.hidden = !row.textContent.toLowerCase().includes(wanted); count += !row.hidden; }
  $("found").textContent = wanted ? `${count.toLocaleString("en")} of ${all.length.toLocaleString("en")} pairs` : "";
});
body.addEventListener("click", (event) => { const link = event.target.closest("a") ? null : event.target.closest("tr")?.querySelector("a"); if (link) link.click(); });
