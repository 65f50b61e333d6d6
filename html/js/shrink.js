// A picture that is larger than the server takes is made smaller here, before it travels.
// Trap: to decode takes 4 bytes a pixel, so what is far too large is left for the server to refuse by its header.

const LONG_SIDE_PX = 2048;
const AREA_MAX_PX = 25000000;       // what the server reads
const AREA_DECODED_MAX_PX = 160000000;
const QUALITY = 0.92;

/** Width and height without decoding, or null where it is no picture. */
function sizeOf(url) {
  return new Promise((done) => {
    const img = new Image();
    img.onload = () => done({ width: img.naturalWidth, height: img.naturalHeight });
    img.onerror = () => done(null);
    img.src = url;
  });
}

/**
 * item: {file, url}; bytesMax: of a file.
 * Returns {blob, from: {width, height}}, or null where it can or must stay as it is.
 */
export async function shrink({ file, url }, bytesMax) {
  const size = await sizeOf(url);
  const area = size ? size.width * size.height : 0;
  if (!area || area > AREA_DECODED_MAX_PX || (area <= AREA_MAX_PX && file.size <= bytesMax)) return null;
  const scale = Math.min(1, LONG_SIDE_PX / Math.max(size.width, size.height));
  const width = Math.max(1, Math.round(size.width * scale)), height = Math.max(1, Math.round(size.height * scale));
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff'; // what is transparent is paper
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const blob = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', QUALITY); });
    return blob && blob.size <= bytesMax ? { blob, from: size } : null;
  } catch {
    return null; // the browser cannot decode it, or has no memory for it
  }
}
