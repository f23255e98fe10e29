import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeLog } from '../../src/daemon/log.ts';
import { type UpdownLimits, UpdownRunner } from '../../src/daemon/updown-runner.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-updown-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
const fresh = (): string => join(directory, String(++files));

function runner(limits?: Partial<UpdownLimits>) {
  const lines: string[] = [];
  const log = makeLog({
    level: 'info',
    format: 'json',
    write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg),
  });
  return { lines, runner: new UpdownRunner(log, limits) };
}

const run = (command: string, more: Record<string, string> = {}, connection = 'net') => ({
  connection,
  command,
  environment: { PLUTO_VERB: 'up-client', ...more },
});

const quiet = 10_000;

/** Not even as a zombie that nobody has waited for. */
const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('commands', () => {
  test('are told by their environment, which no shell reads', async () => {
    const { runner: one, lines } = runner();
    const [file, trap] = [fresh(), fresh()];
    const hostile = `$(touch ${trap}) \`touch ${trap}\` ; touch ${trap} ' "`;
    one.run(run(`printf %s "$PLUTO_PEER_ID" > ${file}`, { PLUTO_PEER_ID: hostile }));
    await one.close(quiet);
    expect(readFileSync(file, 'utf8')).toBe(hostile);
    expect(existsSync(trap)).toBe(false);
    expect(lines).toEqual([]);
  });

  test('hear nothing of an updown command that the daemon itself was started by', async () => {
    const { runner: one, lines } = runner();
    process.env.PLUTO_MY_SOURCEIP = '192.0.2.9';
    try {
      one.run(run('echo "[$PLUTO_MY_SOURCEIP]"'));
    } finally {
      delete process.env.PLUTO_MY_SOURCEIP;
    }
    await one.close(quiet);
    expect(lines).toEqual(['"net": up-client output: []']);
  });

  test('of one connection follow each other, those of others do not wait', async () => {
    const { runner: one } = runner();
    const [file, gate] = [fresh(), fresh()];
    one.run(run(`until [ -e ${gate} ]; do :; done; echo first >> ${file}`));
    one.run(run(`echo second >> ${file}`));
    one.run(run(`touch ${gate}`, {}, 'other'));
    await one.close(quiet);
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\n');
  });

  test('that fail are told of with what they said', async () => {
    const { runner: one, lines } = runner();
    one.run(run("echo one; printf 'two\\033[31m' >&2; exit 3"));
    one.run(run('kill -9 $$'));
    await one.close(quiet);
    expect(lines.toSorted()).toEqual([
      '"net": up-client command ended by SIGKILL',
      '"net": up-client command exited with status 3',
      '"net": up-client output: one',
      '"net": up-client output: two\\u{1b}[31m',
    ]);
  });

  test('that the system cannot start are told of, and the next one is run', async () => {
    const { runner: one, lines } = runner();
    one.run(run('echo never', { PLUTO_PEER_ID: 'x'.repeat(300_000) }));
    one.run(run('echo next'));
    await one.close(quiet);
    expect(lines).toEqual(['"net": up-client command not run: spawn E2BIG', '"net": up-client output: next']);
  });

  test('that talk without end do not fill the log', async () => {
    const { runner: one, lines } = runner({ lines: 3 });
    one.run(run('yes | head -n 100000; head -c 100000 /dev/zero'));
    await one.close(quiet);
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toBe('"net": up-client output: (more is not logged)');
  });

  test('that take too long are ended with all they started, however deaf', async () => {
    const { runner: one, lines } = runner({ time: 300 });
    const file = fresh();
    one.run(run(`sh -c 'trap "" TERM; echo $$ > ${file}; while :; do :; done' & wait`));
    one.run(run(`trap '' TERM; while :; do :; done`, {}, 'deaf'));
    await one.close(quiet);
    const pid = Number(readFileSync(file, 'utf8'));
    await expect.poll(() => runs(pid)).toBe(false);
    expect(lines.toSorted()).toEqual([
      '"deaf": up-client command ended by SIGKILL',
      '"deaf": up-client command ended: it took longer than 0.3 s',
      '"net": up-client command ended by SIGTERM',
      '"net": up-client command ended: it took longer than 0.3 s',
    ]);
  });

  test('that leave something running in the background are over when they end', async () => {
    const { runner: one, lines } = runner();
    const file = fresh();
    one.run(run(`sleep 60 & echo $! > ${file}`));
    const before = performance.now();
    await one.close(quiet);
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    expect(performance.now() - before).toBeLessThan(quiet);
    expect(lines).toEqual([]);
  });
});

describe('limits', () => {
  test('so many wait, and no more', async () => {
    const { runner: one, lines } = runner({ waiting: 2 });
    const gate = fresh();
    for (const _ of [1, 2, 3, 4]) one.run(run(`until [ -e ${gate} ]; do :; done; echo ran`));
    one.run(run(`touch ${gate}`, {}, 'other'));
    await one.close(quiet);
    expect(lines.filter((line) => line.endsWith('ran'))).toHaveLength(3);
    expect(lines[0]).toBe('"net": up-client command not run: 2 wait before it');
  });

  test('so many run at a time', async () => {
    const { runner: one } = runner({ atOnce: 2 });
    const file = fresh();
    const command = `mkdir ${file}.1 2>/dev/null || mkdir ${file}.2 || echo crowded >> ${file}; :; rmdir ${file}.2 2>/dev/null || rmdir ${file}.1`;
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) one.run(run(command, {}, name));
    await one.close(quiet);
    expect(existsSync(file)).toBe(false);
  });

  test('at the end what is left over is ended, and what waits is not begun', async () => {
    const { runner: one, lines } = runner();
    const file = fresh();
    one.run(run('while :; do :; done'));
    one.run(run(`touch ${file}`));
    await one.close(200);
    expect(existsSync(file)).toBe(false);
    expect(lines).toEqual(['"net": up-client command ended by SIGTERM']);
  });
});
