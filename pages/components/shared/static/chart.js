import { savePicture } from "./picture.js";

export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), told = parentElement.querySelector("[role=status]");
  button.setAttribute("aria-label", `PNG of ${data.title}`);
  button.onclick = async () => {
    const figure = document.querySelector(`.st-key-${data.holder} .js-plotly-plot`);
    button.disabled = true;
    try {
      await savePicture(figure, data.title, data.name);
      told.textContent = "";
    } catch {
      told.textContent = "The picture could not be made; reload the page and try again.";
    }
    button.disabled = false;
  };
}
