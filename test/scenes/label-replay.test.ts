/** What an engine is told of labels is recorded as what it drew: the run is made again without whoever was asked. */
import { expect, it } from 'vitest';
import { defaultCrypto } from '../../src/crypto/index.ts';
import { labelFrom } from '../../src/policy/label.ts';
import { replay, toJson } from '../../src/testing/index.ts';
import { access, app1, app2, changing, label, labelledPair, nospd, ranges, spdLabel } from './labels.ts';

it('granted and denied, at both ends', () => {
  const both = labelledPair({
    labels: access,
    record: true,
    child: { label: labelFrom(spdLabel), template: true },
    entry: { start: 'ondemand' },
  });
  const { initiator, responder, network } = both;
  network.advance(1);
  const [policy] = initiator.memory.policies;
  const host = (address: string) => {
    const octets = Uint8Array.from(address.split('.').map(Number));
    return { kind: 'range', protocol: 1, startPort: 0, endPort: 0xffff, start: octets, end: octets } as const;
  };
  const packet = (text: string): void => {
    const [local, remote] = [host(initiator.address), host(responder.address)];
    const notice = {
      kind: 'acquire',
      reqid: policy?.reqid ?? 0,
      local,
      remote,
      label: labelFrom(text),
    } as const;
    initiator.feed({ type: 'kernel', notice });
    network.settle();
  };
  packet(app1);
  packet(nospd);
  changing(both, 'request', (all) => [...ranges(all), label(nospd), label(app2)], 36);
  packet(app2);
  expect(initiator.told('labelRefused')).toHaveLength(1);
  for (const end of [initiator, responder]) {
    expect(end.recording[0]).toContain('"labelMode":"selinux"');
    const again = [...replay(end.recording, defaultCrypto)].map((actions) => toJson(actions));
    expect(again).toEqual(end.answers.slice(1));
  }
  // A decision that is not there is no decision.
  const without = responder.recording.map((line) => line.replaceAll('"01"', '""'));
  expect(() => [...replay(without, defaultCrypto)]).toThrow(/knows no answer about a label/);
});
