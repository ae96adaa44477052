/* A chart as PNG or CSV, made in the browser from what it shows; nothing is asked of any server but our own type face. */

const SCALE = 2;
const PAD = 40;
const HEAD = 40;
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "visibility", "display"];
const FACE = "/assets/figtree.woff2";

/** Our type face as a data address: a picture of an SVG may load nothing. Without it the system's own is used. */
async function typeFace() {
  try {
    const blob = await (await fetch(FACE)).blob();
    return await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(`@font-face{font-family:Figtree;font-weight:300 900;src:url(${reader.result})}`);
      reader.onerror = reject;
      reader.readAsDataURL(blob);
    });
  } catch {
    return "";
  }
}

function frozen(svg, box, face) {
  const copy = svg.cloneNode(true);
  const here = [svg, ...svg.querySelectorAll("*")], there = [copy, ...copy.querySelectorAll("*")];
  here.forEach((node, n) => {
    const seen = getComputedStyle(node);
    for (const name of KEPT) there[n].style.setProperty(name, seen.getPropertyValue(name));
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = face;
  copy.prepend(style);
  return new XMLSerializer().serializeToString(copy);
}

async function drawn(layer, box, face) {
  if (layer instanceof HTMLCanvasElement) return layer;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(frozen(layer, box, face))}`;
  await image.decode();
  return image;
}

function behind(node) {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return "white";
}

/** Everything drawn inside `figure`, and what is marked `data-drawn`, on the page's own colour, its title on top. */
async function picture(figure, title) {
  const box = figure.getBoundingClientRect(), face = await typeFace();
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  canvas.width = (box.width + 2 * PAD) * SCALE;
  canvas.height = (box.height + HEAD + PAD) * SCALE;
  pen.scale(SCALE, SCALE);
  pen.fillStyle = behind(figure);
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(figure).color;
  pen.font = "650 16px Figtree, system-ui, sans-serif";
  pen.fillText(title, PAD, 26, box.width);
  const layers = [...figure.querySelectorAll("svg, canvas")].filter((each) => !each.parentElement.closest("svg, .modebar"));
  for (const layer of layers) {
    const at = layer.getBoundingClientRect();
    if (at.width && at.height) pen.drawImage(await drawn(layer, at, face), at.x - box.x + PAD, at.y - box.y + HEAD, at.width, at.height);
  }
  pen.font = "400 12px Figtree, system-ui, sans-serif";
  pen.textBaseline = "middle";
  for (const label of figure.querySelectorAll("[data-drawn]")) {
    const at = label.getBoundingClientRect();
    pen.fillText(label.textContent, at.x - box.x + PAD, at.y + at.height / 2 - box.y + HEAD);
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a"), address = URL.createObjectURL(blob);
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

export async function savePicture(figure, title, name) {
  save(await picture(figure, title), `${name}.png`);
}

/** Rows of numbers under their column names. */
export function saveTable(rows, name) {
  const columns = Object.keys(rows[0]);
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ""))].map((line) => line.join(","));
  save(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }), `${name}.csv`);
}
