/** The passphrases of ipsec.secrets, handed out by key file: where each stands, and which of them opened nothing. */
import { basename } from 'node:path';
import { type ConfigText, formatMistake, keyFilePassphrases, type Place } from '../config/index.ts';
import { Mistakes } from '../config/mistake.ts';
import { utf8 } from '../config/secret-text.ts';
import { secretEntries } from '../config/secret-tokens.ts';
import type { Secret } from '../crypto/index.ts';

export class KeyPassphrases {
  readonly #secrets: ReadonlyMap<string, Secret>;
  readonly #places = new Map<string, Place>();
  readonly #asked = new Set<string>();

  constructor(text: ConfigText) {
    this.#secrets = new Map([...keyFilePassphrases(text)].map(([name, secret]) => [utf8(name), secret]));
    const unheard = new Mistakes();
    for (const { values } of text.secretsFiles.flatMap((file) =>
      secretEntries(text.secrets, file, unheard),
    )) {
      const [file, passphrase] = values;
      const name = utf8(file?.text ?? '');
      if (file && passphrase && this.#secrets.has(name) && !this.#places.has(name))
        this.#places.set(name, file);
    }
  }

  /** What opens a file: by its path, else by its name. */
  readonly of = (path: string): Secret | undefined => {
    const name = this.#nameOf(path);
    this.#asked.add(name);
    return this.#secrets.get(name);
  };

  /** Where that stands: `file:line`. */
  readonly whence = (path: string): string | undefined => {
    const place = this.#places.get(this.#nameOf(path));
    return place && `${place.file}:${place.line}`;
  };

  /** A warning for each that no file asked for. The name is not in it: it may be a passphrase in the wrong place. */
  unused(directory: string): string[] {
    const mistakes = new Mistakes();
    for (const [name, place] of this.#places)
      if (!this.#asked.has(name))
        mistakes.warning(
          place,
          'no key file of this name was opened with this passphrase',
          `a file in private/ or certs/ of ${directory}, or one that leftcert= names`,
        );
    return mistakes.all.map(formatMistake);
  }

  #nameOf(path: string): string {
    return this.#secrets.has(path) ? path : basename(path);
  }
}
