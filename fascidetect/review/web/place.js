// Between places in the clip (px of the upright picture) and places on the page.

export function contentBox(video, page) {
  if (!video || !video.clientWidth) return null;
  const { width, height, picture_x, picture_w } = page.video;
  const scale = Math.min(video.clientWidth / width, video.clientHeight / height); // px of the page per px of the video
  const left = (video.clientWidth - width * scale) / 2;
  const top = (video.clientHeight - height * scale) / 2;
  const step = (picture_w / page.still.width_px) * scale;
  return {
    size: Math.max(36, 0.14 * picture_w * scale),
    at: (x, y) => ({ x: left + picture_x * scale + x * step, y: top + y * step }),
    from: (x, y) => ({ x: (x - left - picture_x * scale) / step, y: (y - top) / step }),
  };
}

// where in the clip a click on the video lies; null beside the picture
export function placeAt(video, page, event) {
  const box = contentBox(video, page);
  if (!box) return null;
  const outer = video.getBoundingClientRect();
  const place = box.from(event.clientX - outer.left, event.clientY - outer.top);
  const inside = place.x >= 0 && place.y >= 0 && place.x < page.still.width_px && place.y < page.still.height_px;
  return inside ? { x_px: Math.round(place.x), y_px: Math.round(place.y) } : null;
}
