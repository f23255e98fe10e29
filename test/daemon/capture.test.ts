/** Comments of a capture's packets: what Wireshark shows of messages that it has no keys for. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Trace } from '../../src/daemon/trace.ts';
import { labelFrom } from '../../src/policy/label.ts';
import { pair } from '../../src/testing/index.ts';
import { noTshark, tsharkFields } from './tshark.ts';

const directory = mkdtempSync(join(tmpdir(), 'ikev2-capture-'));
afterAll(() => rmSync(directory, { recursive: true }));

const context = 'system_u:system_r:app1_t:s0';

/** The initiator's run with a label, as a daemon would trace it: what goes out is told of before, what comes in behind. */
async function captured(name: string, label = context): Promise<string> {
  const { initiator, network } = pair({ child: { label: labelFrom(label) } }).up();
  const pcap = join(directory, name);
  const trace = new Trace({ pcap }, () => 1_700_000_000_000, expect.fail);
  const flights = [...network.flights];
  for (const event of initiator.told('message')) {
    const { direction, path } = event;
    const flight = flights.shift();
    if (flight === undefined) break;
    if (direction === 'out') trace.event(event);
    trace.datagram(direction, path, flight.octets);
    if (direction === 'in') trace.event(event);
    await turn();
  }
  // What is no message has no comment.
  for (const { path } of initiator.established) trace.datagram('in', path, Uint8Array.of(1, 2, 3));
  trace.close();
  return pcap;
}

describe('a capture', () => {
  it('says of each packet which message it is, and of which label', async () => {
    const octets = readFileSync(await captured('said.pcapng')).toString('latin1');
    const comments = [...octets.matchAll(/IKE_\w+ re\w+ \d+ \{[^}]*\}[\x20-\x7e]*/g)].map(([text]) => text);
    expect(comments.map((text) => text.replace(/\{.*\}/, '{}'))).toEqual([
      'IKE_SA_INIT request 0 {}',
      'IKE_SA_INIT response 0 {}',
      `IKE_AUTH request 1 {} label ${context}`,
      `IKE_AUTH response 1 {} label ${context}`,
    ]);
    expect(comments[2]).toMatch(/\{ .*AUTH .*TSi TSr .*\}/);
  });

  it('has labels escaped', async () => {
    const octets = readFileSync(await captured('escaped.pcapng', '\x1b[2J')).toString('latin1');
    expect(octets).toContain('} label \\x1b[2J');
    expect(octets).not.toContain('label \x1b');
  });

  it.skipIf(noTshark !== undefined)(
    `is read by tshark, comments and all${noTshark ? ` (skipped: ${noTshark})` : ''}`,
    async () => {
      const rows = tsharkFields(await captured('read.pcapng'), directory, ['udp.srcport', 'frame.comment']);
      expect(rows).toHaveLength(5);
      expect(rows[2]?.[1]).toMatch(/^IKE_AUTH request 1 \{.*\} label system_u:system_r:app1_t:s0$/);
    },
  );
});
