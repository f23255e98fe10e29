import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlServer, type ControlVerbs } from '../../src/daemon/control.ts';
import { ControlClient } from '../../src/daemon/control-client.ts';
import { ControlError } from '../../src/daemon/control-protocol.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-control-'));
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});
let sockets = 0;

async function serve(verbs: ControlVerbs) {
  const path = join(directory, `nested/${++sockets}/control.sock`);
  const server = new ControlServer(verbs);
  await server.listen(path);
  cleanUp.push(() => server.close());
  return { path, server };
}

async function client(path: string): Promise<ControlClient> {
  const made = await ControlClient.connect(path);
  cleanUp.push(() => made.close());
  return made;
}

/** Sends octets as they are and gives the lines that come back, `count` of them. */
function raw(path: string, text: string, count: number): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text));
    let heard = '';
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(
        heard
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
      ),
    );
    socket.on('data', (data) => {
      heard += data;
      if (heard.split('\n').length > count) socket.end();
    });
  });
}

describe('control socket', () => {
  it('is for its owner only and goes away with the server', async () => {
    const { path, server } = await serve(async () => ({}));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it('carries requests, lines and results, several at a time', async () => {
    const { path } = await serve(async (request, call) => {
      if (request.command === 'status') return { answer: 42 };
      call.line('first');
      await new Promise((done) => setImmediate(done));
      call.line('second');
      throw new ControlError('NEGOTIATION_FAILED', 'the peer said no');
    });
    const control = await client(path);
    const lines: string[] = [];
    const up = control.request({ command: 'up', name: 'x' }, ({ text }) => lines.push(text));
    expect(await control.request({ command: 'status' })).toEqual({ answer: 42 });
    await expect(up).rejects.toMatchObject({ code: 'NEGOTIATION_FAILED', message: 'the peer said no' });
    expect(lines).toEqual(['first', 'second']);
  });

  it('refuses what is no request and goes on', async () => {
    const { path } = await serve(async () => ({}));
    const requests = [
      'nonsense',
      '7',
      '{"command":"status"}',
      '{"id":1,"command":"dance"}',
      '{"id":2,"command":"up"}',
      '{"id":3,"command":"ping","name":"x","count":0}',
      '{"id":4,"command":"status"}',
    ];
    const answers = await raw(path, `${requests.join('\n')}\n`, requests.length);
    expect(answers).toEqual([
      { id: 0, type: 'failed', code: 'BAD_REQUEST', text: 'not a JSON object on one line' },
      { id: 0, type: 'failed', code: 'BAD_REQUEST', text: '"id" must be a number' },
      { id: 0, type: 'failed', code: 'BAD_REQUEST', text: '"id" must be a number' },
      { id: 1, type: 'failed', code: 'BAD_REQUEST', text: 'unknown command "dance"' },
      { id: 2, type: 'failed', code: 'BAD_REQUEST', text: '"name" must be a string' },
      { id: 3, type: 'failed', code: 'BAD_REQUEST', text: '"count" must be a whole number from 1 to 1000' },
      { id: 4, type: 'done', result: {} },
    ]);
  });

  it('hangs up on a line that has no end', async () => {
    const { path } = await serve(async () => ({}));
    expect(await raw(path, 'x'.repeat(100_000), 1)).toEqual([]);
  });

  it('hangs up on a line that is too long, also when it came in one piece with its end', async () => {
    const { path } = await serve(async () => ({}));
    expect(await raw(path, `${'x'.repeat(65_537)}\n`, 1)).toEqual([]);
  });

  it('says no text that could move a terminal', async () => {
    const { path } = await serve(async () => {
      throw new ControlError('CONFIG', 'a line about \u001b[31m\nanother about \u0007');
    });
    const [answer] = await raw(path, '{"id":1,"command":"reload"}\n', 1);
    expect(answer).toMatchObject({ text: 'a line about \\u{1b}[31m\nanother about \\u{7}' });
  });

  it('tells a verb that its client went away', async () => {
    let gone: Promise<void> | undefined;
    let begun = (): void => {};
    const started = new Promise<void>((done) => {
      begun = done;
    });
    const { path } = await serve((_request, { signal }) => {
      gone = new Promise((done) => signal.addEventListener('abort', () => done()));
      begun();
      return new Promise(() => {});
    });
    const control = await client(path);
    const lost = expect(control.request({ command: 'watch' })).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    await started;
    control.close();
    await lost;
    await gone;
  });

  it('takes the place of a dead daemon, and not of a living one', async () => {
    const { path } = await serve(async () => ({}));
    await expect(new ControlServer(async () => ({})).listen(path)).rejects.toThrow(
      /another daemon answers at .*ikev2 stop/,
    );
    const stale = join(directory, 'stale.sock');
    const dead = await serve(async () => ({}));
    renameSync(dead.path, stale);
    await dead.server.close();
    const server = new ControlServer(async () => ({ fresh: true }));
    cleanUp.push(() => server.close());
    await server.listen(stale);
    expect(await (await client(stale)).request({ command: 'status' })).toEqual({ fresh: true });
  });

  it('leaves a file that is no socket alone', async () => {
    const path = join(directory, 'ipsec.conf');
    writeFileSync(path, 'conn net');
    const server = new ControlServer(async () => ({}));
    await expect(server.listen(path)).rejects.toThrow('another file is there');
    expect(readFileSync(path, 'utf8')).toBe('conn net');
  });

  it('says what to do when no daemon is there', async () => {
    const missing = ControlClient.connect(join(directory, 'none.sock'));
    await expect(missing).rejects.toMatchObject({
      code: 'NO_DAEMON',
      message: expect.stringMatching(/ikev2 daemon.*--control/),
    });
  });
});

process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
