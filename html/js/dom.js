// Small helpers for the page's elements. Text goes in by textContent only (R83): nothing here takes HTML.

export const $ = (id) => document.getElementById(id);

const SVG = 'http://www.w3.org/2000/svg';

/** An element with properties or attributes and children (nodes or strings). */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** The same in SVG, where everything is an attribute. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Sets or, with an empty text, hides a line. */
export function say(node, text) {
  node.textContent = text;
  node.hidden = !text;
}

/** Paints base64 of the canvas' width * height grey bytes. */
export function paintGrey(canvas, base64) {
  const grey = atob(base64);
  const context = canvas.getContext('2d');
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; 4 * i < image.data.length; i++) {
    image.data.fill(grey.charCodeAt(i), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
