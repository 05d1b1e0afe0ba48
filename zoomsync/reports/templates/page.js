"use strict";
// Tables sort by a click on a heading. Without this script they are tables all the same.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: "base" });
  const keyOf = (row, place) => row.cells[place].dataset.key ?? row.cells[place].textContent;
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numbers = head.classList.contains("right");
      const rows = [...body.rows].sort((one, other) => {
        const a = keyOf(one, place), b = keyOf(other, place);
        if (!a || !b) return a ? -1 : b ? 1 : 0;
        return (numbers ? a - b : order.compare(a, b)) * (down ? -1 : 1);
      });
      body.append(...rows);
    });
  });
}
