/* Entry point for Streamlit: one stage per mounted element, kept over reruns. */

import { Stage } from "./stage.js";

export default function mount({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".jf-host");
  if (!host) return undefined;
  if (!host.jfStage) host.jfStage = new Stage(host);
  const stage = host.jfStage;
  stage.update(data || {}, { trigger: setTriggerValue });
  return () => {
    stage.destroy();
    host.jfStage = null;
  };
}
