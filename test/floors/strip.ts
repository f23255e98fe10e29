/** TypeScript text without its comments, and optionally without what stands in its strings. */

/** Newlines stay, so that lines keep their numbers. Code inside `${}` stays too. */
export function strip(text: string, strings: 'keep' | 'drop'): string {
  const out: string[] = [];
  /** Braces open inside each `${` we are in. */
  const templates: number[] = [];
  let at = 0;
  const blank = (piece: string) => piece.replace(/[^\n]/g, ' ');
  const take = (length: number, how: 'code' | 'string' | 'comment') => {
    const piece = text.slice(at, at + length);
    out.push(how === 'code' || (how === 'string' && strings === 'keep') ? piece : blank(piece));
    at += length;
  };
  const template = () => {
    const body = /^(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/.exec(text.slice(at))?.[0].length ?? 0;
    take(body, 'string');
    if (text.startsWith('${', at)) {
      templates.push(0);
      take(2, 'code');
    } else take(1, 'string');
  };
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const char = rest.charAt(0);
    if (rest === '//' || rest === '/*') {
      const comment = /^(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)/.exec(text.slice(at))?.[0].length ?? 2;
      take(comment, 'comment');
    } else if (char === "'" || char === '"') {
      take(quoted(text, at), 'string');
    } else if (char === '`') {
      take(1, 'string');
      template();
    } else if (char === '/' && startsRegExp(out)) {
      take(
        /^\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[\n])+\/[a-z]*/.exec(text.slice(at))?.[0].length ?? 1,
        'string',
      );
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      take(1, 'code');
      template();
    } else {
      const depth = templates.pop();
      if (depth !== undefined) templates.push(depth + (char === '{' ? 1 : char === '}' ? -1 : 0));
      take(1, 'code');
    }
  }
  return out.join('');
}

const quoted = (text: string, at: number): number => {
  const found = /^(['"])(?:\\[\s\S]|(?!\1)[^\\\n])*\1?/.exec(text.slice(at));
  return found?.[0].length ?? 1;
};

/** A slash after an operator, an opening bracket or `return` begins a regular expression, else it divides. */
function startsRegExp(out: readonly string[]): boolean {
  const before = out.slice(-40).join('').trimEnd();
  return before === '' || /[(,=:[!&|?{};+\-*%<>~^]$|\b(?:return|typeof|case)$/.test(before);
}
