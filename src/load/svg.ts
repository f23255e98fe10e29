/** Plots as inline SVG: axes with a few round marks, lines and columns. No script, no font of its own. */

export interface Axis {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly scale: 'linear' | 'log';
}

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Column {
  readonly from: number;
  readonly to: number;
  readonly height: number;
}

const [width, height] = [640, 300];
const [left, right, top, bottom] = [64, 16, 16, 48];

export const palette = ['#1f5fa8', '#b8441f', '#2f7d4f', '#7a4fa3', '#9a7400', '#5b6470'];

/** Lines with a dot at each point, and a legend when there are several. */
export function linePlot(x: Axis, y: Axis, lines: readonly Line[], name: string): string {
  const drawn = lines.map(({ colour, points }) => {
    const at = points.map(([px, py]) => `${place(x, px, 'x')},${place(y, py, 'y')}`);
    const dots = at.map((each) => {
      const [cx, cy] = each.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
    });
    return `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`;
  });
  const legend = lines.map(
    ({ name: of, colour }, at) =>
      `<text x="${left + 10}" y="${top + 14 + 16 * at}" fill="${colour}" font-weight="600">${inHtml(of)}</text>`,
  );
  return svg(name, `${axes(x, y)}${drawn.join('')}${lines.length > 1 ? legend.join('') : ''}`);
}

/** Columns that stand side by side, and upright marks with a name. */
export function columnPlot(
  x: Axis,
  y: Axis,
  columns: readonly Column[],
  marks: readonly { readonly at: number; readonly name: string }[],
  name: string,
): string {
  const drawn = columns.map(({ from, to, height: of }) => {
    const [x0, x1, y0] = [place(x, from, 'x'), place(x, to, 'x'), place(y, of, 'y')];
    const across = Math.max(0.5, x1 - x0 - 0.5);
    return `<rect x="${x0}" y="${y0}" width="${fixed(across)}" height="${fixed(height - bottom - y0)}" fill="${palette[0]}"/>`;
  });
  const lines = marks.map(({ at, name: of }, index) => {
    const px = place(x, at, 'x');
    const upright = `<line x1="${px}" x2="${px}" y1="${top}" y2="${height - bottom}" stroke="${palette[1]}" stroke-dasharray="3 3"/>`;
    return `${upright}<text x="${px + 4}" y="${top + 12 + 14 * index}" fill="${palette[1]}">${inHtml(of)}</text>`;
  });
  return svg(name, `${axes(x, y)}${drawn.join('')}${lines.join('')}`);
}

/** The next round number up. */
export function roundUp(value: number, steps: readonly number[] = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return steps.map((each) => each * power).find((each) => each >= value * 0.999999) ?? value;
}

export const inHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);

const svg = (name: string, inner: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${inHtml(name)}">${inner}</svg>`;

const fixed = (value: number): number => Number(value.toFixed(1));

function place({ from, to, scale }: Axis, value: number, of: 'x' | 'y'): number {
  const part =
    scale === 'linear'
      ? (value - from) / (to - from)
      : Math.log(Math.max(value, from) / from) / Math.log(to / from);
  const within = Math.min(1, Math.max(0, part));
  return fixed(
    of === 'x' ? left + within * (width - left - right) : height - bottom - within * (height - top - bottom),
  );
}

function axes(x: Axis, y: Axis): string {
  const across = marksOf(x).map((value) => {
    const px = place(x, value, 'x');
    const grid = `<line x1="${px}" x2="${px}" y1="${top}" y2="${height - bottom}" class="grid"/>`;
    return `${grid}<text x="${px}" y="${height - bottom + 16}" text-anchor="middle">${label(value)}</text>`;
  });
  const up = marksOf(y).map((value) => {
    const py = place(y, value, 'y');
    const grid = `<line x1="${left}" x2="${width - right}" y1="${py}" y2="${py}" class="grid"/>`;
    return `${grid}<text x="${left - 6}" y="${py + 4}" text-anchor="end">${label(value)}</text>`;
  });
  const middle = { x: (left + width - right) / 2, y: (top + height - bottom) / 2 };
  const titles = [
    `<text x="${middle.x}" y="${height - 8}" text-anchor="middle">${inHtml(x.title)}</text>`,
    `<text transform="translate(14 ${middle.y}) rotate(-90)" text-anchor="middle">${inHtml(y.title)}</text>`,
  ];
  return [...across, ...up, ...titles].join('');
}

function marksOf({ from, to, scale }: Axis): number[] {
  if (scale === 'linear') {
    const step = roundUp((to - from) / 6, [1, 2, 5, 10]);
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
  }
  const marks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(from)); power <= to; power *= 10)
    for (const each of to / from > 1000 ? [1] : [1, 2, 5])
      if (each * power >= from * 0.999 && each * power <= to * 1.001) marks.push(each * power);
  return marks;
}

const label = (value: number): string => String(Number(value.toPrecision(3)));
