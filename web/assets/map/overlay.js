/**
 * What lies above the tiles and is drawn anew each frame: the stage, names of zones, the buyer's
 * seats, the seat under the pointer and under the keyboard's cursor.
 */

import { FLAG_ACCESSIBLE, FLAG_COMPANION } from './chart.js';
import { drawMark } from './marks.js';
import { PITCH_MARKS, SEAT_RADIUS } from './paint.js';
import { words } from './words.js';

/** CSS pixels: a zone's name stands where the zone is at least this wide and high. */
const ZONE_WIDTH_MIN = 34;
const ZONE_HEIGHT_MIN = 20;
/** CSS pixels: a smaller name of the stage would be a smudge. */
const STAGE_TEXT_MIN = 6;
/** A chosen seat is never smaller than this radius, however far out. */
const OWN_RADIUS_MIN = 7;

export class Overlay {
  /** @param {object} scene see `Renderer` */
  constructor(scene) {
    this.scene = scene;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import('./camera.js').Camera} camera
   * @param {number} ratio
   */
  draw(context, camera, ratio) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const pitch = this.scene.chart.pitch * camera.scale;
    this.#drawStage(context, camera, pitch);
    if (pitch < PITCH_MARKS * 1.6) this.#drawZoneNames(context, camera, pitch);
    this.#drawSeats(context, camera, pitch);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #drawStage(context, camera, pitch) {
    const { stage, palette, font } = this.scene;
    if (!stage) return;
    const [left, top] = [camera.toScreenX(stage.box.x0), camera.toScreenY(stage.box.y0)];
    const [width, height] = [camera.toScreenX(stage.box.x1) - left, camera.toScreenY(stage.box.y1) - top];
    if (left > camera.width || top > camera.height || left + width < 0 || top + height < 0) return;
    context.fillStyle = palette.stage;
    context.strokeStyle = palette.padEdge;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(left, top, width, height, Math.min(Math.min(width, height) * 0.25, Math.max(4, pitch)));
    context.fill();
    context.stroke();
    const text = words.map[stage.kind].toLocaleUpperCase();
    const isUpright = height > width;
    // In the middle of what is seen of it.
    const [start, end] = [Math.max(left, 0), Math.min(left + width, camera.width)];
    const [upper, lower] = [Math.max(top, 0), Math.min(top + height, camera.height)];
    const [long, short] = isUpright ? [lower - upper, end - start] : [end - start, lower - upper];
    const size = Math.min(22, short * 0.42, (long * 0.8) / (text.length * 0.8));
    if (size < STAGE_TEXT_MIN) return;
    context.save();
    context.translate((start + end) / 2, (upper + lower) / 2);
    if (isUpright) context.rotate(-Math.PI / 2);
    context.font = `650 ${size}px ${font}`;
    context.letterSpacing = `${size * 0.14}px`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = palette.onStage;
    context.fillText(text, size * 0.07, size * 0.06);
    context.restore();
  }

  #drawZoneNames(context, camera, pitch) {
    const { chart, palette, font, zoneFree } = this.scene;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const fade = pitch > PITCH_MARKS ? Math.max(0, 1 - (pitch - PITCH_MARKS) / (PITCH_MARKS * 0.6)) : 1;
    if (fade === 0) return;
    context.globalAlpha = fade;
    for (let index = 0; index < chart.zones.length; index += 1) {
      const { box, anchor, name, seats } = chart.zones[index];
      if (anchor < 0) continue;
      const width = (box.x1 - box.x0) * camera.scale;
      const height = (box.y1 - box.y0) * camera.scale;
      if (width < ZONE_WIDTH_MIN || height < ZONE_HEIGHT_MIN) continue;
      const x = camera.toScreenX(chart.x[anchor]);
      const y = camera.toScreenY(chart.y[anchor]);
      if (x < -width || y < -height || x > camera.width + width || y > camera.height + height) continue;
      const size = Math.min(15, Math.max(10, width / (name.length * 0.62)));
      this.#drawPlate(context, palette, font, {
        x, y, size, name: width > 70 || name.length < 7 ? name : shorten(name),
        free: zoneFree[index], share: seats === 0 ? 0 : zoneFree[index] / seats, roomy: width > 96 && height > 58,
      });
    }
    context.globalAlpha = 1;
  }

  /** The name on a plate; where there is room, with a bar as full as the zone is free. */
  #drawPlate(context, palette, font, { x, y, size, name, free, share, roomy }) {
    context.font = `650 ${size}px ${font}`;
    const width = Math.max(context.measureText(name).width, roomy ? 56 : 0) + 12;
    const height = roomy ? size + 16 : size + 6;
    context.fillStyle = palette.pad;
    context.strokeStyle = palette.padEdge;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x - width / 2, y - height / 2, width, height, 6);
    context.fill();
    context.stroke();
    context.fillStyle = free > 0 ? palette.text : palette.muted;
    context.fillText(name, x, roomy ? y - 3.5 : y + 0.5);
    if (!roomy) {
      if (free === 0) strike(context, x, y, width - 8, palette.muted);
      return;
    }
    const bar = { left: x - width / 2 + 6, top: y + height / 2 - 7.5, width: width - 12 };
    context.fillStyle = palette.sold;
    context.fillRect(bar.left, bar.top, bar.width, 3);
    context.fillStyle = palette.text;
    context.fillRect(bar.left, bar.top, bar.width * share, 3);
  }

  #drawSeats(context, camera, pitch) {
    const { palette, seatMarks, hovered, cursor } = this.scene;
    const radius = pitch * SEAT_RADIUS;
    for (const [seat, mark] of seatMarks) {
      this.#mark(context, camera, seat, mark, Math.max(OWN_RADIUS_MIN, radius * 1.12));
    }
    if (hovered >= 0 && pitch >= PITCH_MARKS) this.#ring(context, camera, hovered, radius * 1.25, palette.text, 2);
    if (cursor >= 0) this.#ring(context, camera, cursor, Math.max(9, radius * 1.4), palette.focus, 3);
  }

  #mark(context, camera, seat, mark, radius) {
    const { chart, palette } = this.scene;
    const x = camera.toScreenX(chart.x[seat]);
    const y = camera.toScreenY(chart.y[seat]);
    if (x < -radius || y < -radius || x > camera.width + radius || y > camera.height + radius) return;
    const square = (chart.flags[seat] & (FLAG_ACCESSIBLE | FLAG_COMPANION)) !== 0;
    drawMark(context, mark, x, y, radius, palette, palette.categories[chart.category[seat]], square);
  }

  #ring(context, camera, seat, radius, color, width) {
    const { chart, palette } = this.scene;
    context.beginPath();
    context.arc(camera.toScreenX(chart.x[seat]), camera.toScreenY(chart.y[seat]), radius, 0, Math.PI * 2);
    context.strokeStyle = palette.pad;
    context.lineWidth = width + 2;
    context.stroke();
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}

function strike(context, x, y, width, color) {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - width / 2, y);
  context.lineTo(x + width / 2, y);
  context.stroke();
}

/** The last word of a zone's name: "Lower 101" is "101" where there is little room. */
function shorten(name) {
  const words = name.split(/\s+/);
  return words[words.length - 1];
}
