/* Eye-contact proxy: does a face look towards the camera? Runs in the browser alone; frames never leave it.

   A few times a second MediaPipe's face mesh (vendored, /assets/face_mesh/) finds 478 points. Head direction is the normal
   of the plane through cheeks, forehead and chin; eye direction is where the irises stand between the corners of the
   eyes. Both together, corrected for where the face is in the picture, say how far the gaze misses the camera.
   Measured error and limits: docs/eye-contact.md. */

export const EYE_SAMPLES_PER_S = 4;
export const GAZE_LIMIT_DEG = { across: 20, up: 20 };
const SLOWEST_LOOK_MS = 250;
const FACE_LEAST_PX = 48;
const CAMERA_VIEW_DEG = 60;
const EYE_HALF_WIDTH_MM = 14;
const EYEBALL_MM = 12;
const LEVEL_DEG = { head: -4, eye: 9 };
const DEG = 180 / Math.PI;
const POINT = { leftCheek: 234, rightCheek: 454, forehead: 10, chin: 152 };
const EYES = [
  { outer: 33, inner: 133, iris: 468 },
  { outer: 263, inner: 362, iris: 473 },
];

const minus = (a, b) => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const cross = (a, b) => ({ x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x });
const clamp = (v) => Math.max(-1, Math.min(1, v));

function headDirection(p) {
  const across = minus(p[POINT.rightCheek], p[POINT.leftCheek]);
  const down = minus(p[POINT.chin], p[POINT.forehead]);
  const out = cross(across, down);
  return { across: Math.atan2(-out.x, out.z) * DEG, up: Math.atan2(out.y, Math.hypot(out.x, out.z)) * DEG - LEVEL_DEG.head };
}

function eyeDirection(p) {
  let across = 0, up = 0;
  for (const eye of EYES) {
    const [a, b] = p[eye.outer].x < p[eye.inner].x ? [p[eye.outer], p[eye.inner]] : [p[eye.inner], p[eye.outer]];
    const axis = { x: b.x - a.x, y: b.y - a.y };
    const half = Math.hypot(axis.x, axis.y) / 2;
    const off = { x: p[eye.iris].x - (a.x + b.x) / 2, y: p[eye.iris].y - (a.y + b.y) / 2 };
    const along = (off.x * axis.x + off.y * axis.y) / (2 * half * half);
    const beside = (off.y * axis.x - off.x * axis.y) / (2 * half * half);
    across += Math.asin(clamp((along * EYE_HALF_WIDTH_MM) / EYEBALL_MM)) * DEG / 2;
    up -= Math.asin(clamp((beside * EYE_HALF_WIDTH_MM) / EYEBALL_MM)) * DEG / 2;
  }
  return { across, up: up - LEVEL_DEG.eye };
}

/** Where the person looks relative to the camera, degrees (across: to the right of the picture; up), from 478 points. */
export function gazeOf(landmarks, width, height) {
  const p = landmarks.map((l) => ({ x: l.x * width, y: l.y * height, z: l.z * width }));
  const size = Math.abs(p[POINT.rightCheek].x - p[POINT.leftCheek].x);
  if (p.length < 478 || size < FACE_LEAST_PX) return null;
  const head = headDirection(p), eye = eyeDirection(p);
  const focal = width / 2 / Math.tan(CAMERA_VIEW_DEG / 2 / DEG);
  const centre = { x: (p[POINT.rightCheek].x + p[POINT.leftCheek].x) / 2, y: (p[POINT.forehead].y + p[POINT.chin].y) / 2 };
  return {
    across: head.across + eye.across + Math.atan((centre.x - width / 2) / focal) * DEG,
    up: head.up + eye.up - Math.atan((centre.y - height / 2) / focal) * DEG,
    head,
    eye,
  };
}

/** Whether a gaze meets the camera, within what the method can tell; null without a gaze. */
export function towardsCamera(gaze) {
  if (!gaze) return null;
  return Math.abs(gaze.across) <= GAZE_LIMIT_DEG.across && Math.abs(gaze.up) <= GAZE_LIMIT_DEG.up;
}

function loadFaceMesh(assets) {
  if (window.FaceMesh) return Promise.resolve();
  if (!window.jfFaceMeshLoading) {
    window.jfFaceMeshLoading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${assets}face_mesh.js`;
      script.onload = () => resolve();
      script.onerror = () => { window.jfFaceMeshLoading = null; reject(new Error("face mesh not available")); };
      document.head.append(script);
    });
  }
  return window.jfFaceMeshLoading;
}

/** The face mesh, ready to look at pictures: `look(image)` gives the gaze, or null without a face. */
export async function openFaceMesh(assets) {
  await loadFaceMesh(assets);
  const mesh = new window.FaceMesh({ locateFile: (file) => assets + file });
  // Setting a confidence here makes this release of the package abort; its defaults are 0.5.
  mesh.setOptions({ maxNumFaces: 1, refineLandmarks: true });
  let found = null;
  mesh.onResults((results) => { found = results.multiFaceLandmarks && results.multiFaceLandmarks[0]; });
  return {
    async look(image) {
      found = null;
      await mesh.send({ image });
      const width = image.videoWidth || image.naturalWidth || image.width;
      const height = image.videoHeight || image.naturalHeight || image.height;
      return { face: Boolean(found), gaze: found ? gazeOf(found, width, height) : null };
    },
    close: () => mesh.close(),
  };
}

/** Watches a playing <video>; calls `onSample({at_ms, face, towards_camera})` a few times a second. Returns `stop()`.
    `wanted()` says whether looks are wanted now. `onUnavailable` is called once when the browser cannot do it, or is so
    slow at it that the sound would suffer: eye contact is then "not available". */
export function startEyeContact(video, onSample, options = {}) {
  const { assets = "/assets/face_mesh/", onUnavailable = () => {}, wanted = () => true, slowestMs = SLOWEST_LOOK_MS } = options;
  let stopped = false, mesh = null, timer = 0, looks = 0, slow = 0;
  const began = performance.now();
  const step = async () => {
    const due = performance.now() + 1000 / EYE_SAMPLES_PER_S;
    try {
      if (wanted() && video.readyState >= 2 && !document.hidden) {
        const from = performance.now();
        const { face, gaze } = await mesh.look(video);
        slow = (looks += 1) > 1 && performance.now() - from > slowestMs ? slow + 1 : 0;
        if (slow >= 3) throw new Error("too slow");
        if (!stopped) onSample({ at_ms: performance.now() - began, face, towards_camera: face ? towardsCamera(gaze) : null });
      }
      if (!stopped) timer = setTimeout(step, Math.max(0, due - performance.now()));
    } catch (problem) { stop(); onUnavailable(problem); }
  };
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    if (mesh) mesh.close();
    mesh = null;
  };
  openFaceMesh(assets).then((opened) => { mesh = opened; if (stopped) stop(); else step(); }, onUnavailable);
  return stop;
}
