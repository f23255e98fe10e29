/** Parameters checked against the keyword table, and a conn's settings gathered from `also=` and `%default`. */
import { findKeyword, isUserWord, nearest, nearestKeyword } from './lookup.ts';
import { type Mistakes, type Place, quoted } from './mistake.ts';
import type { Parameter, Section } from './parser.ts';
import { checkValue, parseTime, parseWord } from './values.ts';

/** One parameter that was found good: `name` is canonical, `word` the meaning of a word such as `up` (`start`). */
export interface Setting {
  readonly name: string;
  readonly text: string;
  readonly word: string;
  /** Where the value stands. */
  readonly at: Place;
}

/** A conn with all it inherits, by canonical name. */
export interface ConnSettings {
  readonly name: string;
  readonly at: Place;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Names of parameters that were given and refused: their absence from `settings` says nothing. */
  readonly refused: ReadonlySet<string>;
  /** Referred to by `also=` and never loaded by itself. */
  readonly template: boolean;
}

/** A section with its parameters checked; bad ones were reported and are left out. */
interface Checked {
  readonly section: Section;
  readonly own: ReadonlyMap<string, Setting>;
  readonly refused: ReadonlySet<string>;
  readonly also: readonly Also[];
}

interface Also {
  readonly names: readonly string[];
  readonly flip: boolean;
  readonly at: Place;
}

/** The settings of `config setup`. */
export function setupSettings(
  sections: readonly Section[],
  mistakes: Mistakes,
): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const section of sections.filter(({ kind }) => kind === 'setup')) {
    for (const setting of check(section, mistakes).own.values()) put(settings, setting, mistakes);
  }
  return settings;
}

/** All conns of the files, complete with `also=` and `%default`, in the order of the files. */
export function connSettings(sections: readonly Section[], mistakes: Mistakes): ConnSettings[] {
  const defaults = { settings: new Map<string, Setting>(), refused: new Set<string>() };
  const conns = new Map<string, Checked>();
  for (const section of sections) {
    if (section.kind === 'setup') continue;
    const checked = check(section, mistakes);
    if (section.kind === 'default') {
      for (const also of checked.also) mistakes.error(also.at, 'also= cannot stand in conn %default');
      for (const name of checked.refused) defaults.refused.add(name);
      for (const setting of checked.own.values()) put(defaults.settings, setting, mistakes);
      continue;
    }
    const earlier = conns.get(section.name);
    if (earlier === undefined) conns.set(section.name, checked);
    else
      mistakes.error(
        section.at,
        `there is another conn ${quoted(section.name)} at ${lineOf(earlier.section.at)}`,
      );
  }
  return gather(conns, defaults, mistakes);
}

function gather(
  conns: ReadonlyMap<string, Checked>,
  defaults: Pick<ConnSettings, 'settings' | 'refused'>,
  mistakes: Mistakes,
): ConnSettings[] {
  const referred = new Set([...conns.values()].flatMap(({ also }) => also.flatMap(({ names }) => names)));
  return [...conns].map(([name, checked]) => {
    const settings = new Map(checked.own);
    const refused = new Set([...defaults.refused, ...checked.refused]);
    new Gatherer(conns, settings, refused, mistakes).add(checked, false, [name]);
    for (const setting of defaults.settings.values()) {
      if (!settings.has(setting.name)) settings.set(setting.name, setting);
    }
    const template = referred.has(name) && !settings.has('auto');
    return { name, at: checked.section.at, settings, refused, template };
  });
}

/** The word of a setting; the keyword table allows no others than those of the type. */
export function wordOf<Word extends string>(
  settings: ConnSettings['settings'],
  name: string,
  otherwise: Word,
): Word {
  return (settings.get(name)?.word as Word | undefined) ?? otherwise;
}

/** Milliseconds of a setting whose bare numbers count in `unit`. */
export function timeOf(
  settings: ConnSettings['settings'],
  name: string,
  unit: 's' | 'ms',
  otherwise: number,
): number {
  const text = settings.get(name)?.text;
  const value = text === undefined ? otherwise : parseTime(text, unit);
  return typeof value === 'number' ? value : otherwise;
}

const maxAlsoDepth = 100;

/** Appends the sections `also=` names, each once, as if their lines stood in the conn. */
class Gatherer {
  readonly #done = new Set<string>();

  constructor(
    readonly conns: ReadonlyMap<string, Checked>,
    readonly settings: Map<string, Setting>,
    readonly refused: Set<string>,
    readonly mistakes: Mistakes,
  ) {}

  add(from: Checked, flipped: boolean, path: readonly string[]): void {
    for (const { names, flip, at } of from.also) {
      for (const name of names) this.#append(name, flipped !== flip, path, at);
    }
  }

  #append(name: string, flip: boolean, path: readonly string[], at: Place): void {
    const other = this.conns.get(name);
    if (other === undefined) {
      const near = nearest(name, [...this.conns.keys()]);
      this.mistakes.error(
        at,
        `there is no conn ${quoted(name)}`,
        near === undefined ? undefined : quoted(near),
      );
    } else if (path.includes(name)) {
      const cycle = [...path.slice(path.indexOf(name)), name].map(quoted).join(' -> ');
      this.mistakes.error(at, `also= goes in a circle: ${cycle}`);
    } else if (path.length > maxAlsoDepth) {
      this.mistakes.error(at, `also= nests deeper than ${maxAlsoDepth}`);
    } else if (!this.#done.has(`${flip} ${name}`)) {
      this.#done.add(`${flip} ${name}`);
      const named = (own: string): string => (flip ? flipped(own) : own);
      for (const own of other.refused) this.refused.add(named(own));
      for (const own of other.own.values())
        put(this.settings, { ...own, name: named(own.name) }, this.mistakes);
      this.add(other, flip, [...path, name]);
    }
  }
}

function flipped(name: string): string {
  return name.replace(/^(left|right)/, (end) => (end === 'left' ? 'right' : 'left'));
}

/** Sets once; a second value that differs is a mistake, as in pluto. */
function put(settings: Map<string, Setting>, setting: Setting, mistakes: Mistakes): void {
  const earlier = settings.get(setting.name);
  if (earlier === undefined) {
    settings.set(setting.name, setting);
  } else if (earlier.word !== setting.word) {
    const [first, second] = inOrder(earlier, setting);
    mistakes.error(
      second.at,
      `${setting.name}= has another value at ${lineOf(first.at)}`,
      'one value for each parameter',
    );
  }
}

function inOrder(a: Setting, b: Setting): [Setting, Setting] {
  return a.at.file === b.at.file && a.at.line > b.at.line ? [b, a] : [a, b];
}

function lineOf(at: Place): string {
  return `${quoted(at.file).slice(1, -1)}:${at.line}`;
}

function check(section: Section, mistakes: Mistakes): Checked {
  const own = new Map<string, Setting>();
  const refused = new Set<string>();
  const also: Also[] = [];
  for (const parameter of section.parameters) {
    const setting = checkParameter(parameter, section.kind === 'setup' ? 'setup' : 'conn', mistakes);
    if (setting === undefined) continue;
    if ('refused' in setting) {
      refused.add(setting.refused);
    } else if (setting.name === 'also' || setting.name === 'alsoflip') {
      const names = setting.text.split(/[\s,]+/).filter((name) => name !== '');
      also.push({ names, flip: setting.name === 'alsoflip', at: setting.at });
    } else {
      put(own, setting, mistakes);
    }
  }
  return { section, own, refused, also };
}

/** The setting; the name of one that was refused; or undefined when it needs nothing. */
function checkParameter(
  { name, value }: Parameter,
  place: 'setup' | 'conn',
  mistakes: Mistakes,
): Setting | { readonly refused: string } | undefined {
  if (isUserWord(name.text)) return undefined;
  const found = findKeyword(name.text, place);
  if (found === undefined) {
    reportUnknown(name, place, mistakes);
    return undefined;
  }
  const { keyword, better } = found;
  const shown = name.text.toLowerCase();
  if (better !== undefined) mistakes.note(name, `${shown}= is an obsolete name`, `${better}=`);
  if (keyword.status.kind === 'obsolete') {
    mistakes[keyword.status.severity](name, `${shown}= is obsolete: ${keyword.status.says}`);
    return undefined;
  }
  // An empty value stands for the default; but who writes of labels wants no child without one.
  if (value.text === '' && keyword.value !== 'labels') return undefined;
  const bad = checkValue(value.text, keyword.value);
  if (bad !== undefined) {
    mistakes.error(value, `${shown}=: ${bad.wrong}`, bad.expected);
    return { refused: found.name };
  }
  const parsed = typeof keyword.value === 'object' ? parseWord(value.text, keyword.value) : value.text;
  const word = typeof parsed === 'string' ? parsed : value.text;
  const { status } = keyword;
  if (status.kind === 'supported') {
    const reason = status.refused?.[word];
    if (reason === undefined) return { name: found.name, text: value.text, word, at: value };
    mistakes.error(value, `${shown}=${word} is not supported: ${reason}`);
    return { refused: found.name };
  }
  const asked = word.toLowerCase();
  if (status.kind === 'alias' || status.fine.includes(asked)) return undefined;
  if (status.kind === 'ignored') {
    mistakes.note(name, `${shown}= is ignored: ${status.says}`);
    return undefined;
  }
  const severity = status.mild.includes(asked) ? 'warning' : status.severity;
  mistakes[severity](name, `${shown}= is not supported yet: ${status.says}`);
  return { refused: found.name };
}

function reportUnknown(name: Parameter['name'], place: 'setup' | 'conn', mistakes: Mistakes): void {
  const elsewhere = findKeyword(name.text, place === 'setup' ? 'conn' : 'setup');
  const section = place === 'setup' ? 'a conn' : 'config setup';
  if (elsewhere !== undefined) {
    mistakes.error(name, `${name.text.toLowerCase()}= belongs into ${section}`);
    return;
  }
  const near = nearestKeyword(name.text, place);
  mistakes.error(name, `${quoted(name.text)} is no keyword`, near === undefined ? undefined : `${near}=`);
}
