"use strict";
const map = document.querySelector(".map");
const areas = map ? [...map.querySelectorAll(".area")] : [];
const detail = document.getElementById("detail");
const tell = (area) => { detail.textContent = area.getAttribute("aria-label"); };
for (const area of areas) {
  area.addEventListener("mouseenter", () => tell(area));
  area.addEventListener("focus", () => tell(area));
  area.addEventListener("click", () => move(areas.indexOf(area)));
}
let current = 0;
function move(to) {
  if (!areas.length) return;
  areas[current].tabIndex = -1;
  current = Math.max(0, Math.min(areas.length - 1, to));
  areas[current].tabIndex = 0;
  areas[current].focus();
}
if (areas.length) areas[0].tabIndex = 0;
function layerFrom(step) {
  for (let at = current + step; at >= 0 && at < areas.length; at += step) {
    if (areas[at].classList.contains("layer")) return at;
  }
  return current;
}
if (map) map.addEventListener("keydown", (event) => {
  const to = {
    ArrowRight: () => current + 1, ArrowLeft: () => current - 1,
    ArrowDown: () => layerFrom(1), ArrowUp: () => layerFrom(-1),
    Home: () => 0, End: () => areas.length - 1,
  }[event.key];
  if (to) { event.preventDefault(); move(to()); }
});
let shown = null;
function fade(layer) {
  shown = shown === layer ? null : layer;
  for (const area of areas) area.classList.toggle("faded", shown !== null && area.dataset.layer !== shown);
}
for (const button of document.querySelectorAll("button[data-layer]")) {
  button.addEventListener("click", () => fade(button.dataset.layer));
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && shown !== null) fade(shown); });
const search = document.querySelector("input[type=search]");
if (search) search.addEventListener("input", () => {
  const wanted = search.value.toLowerCase();
  for (const row of document.querySelectorAll("#paths tbody tr")) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }
});
