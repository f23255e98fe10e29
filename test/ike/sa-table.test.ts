/** The indexes of IKE SAs against a plain list of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Path } from '../../src/ike/actions.ts';
import type { Services } from '../../src/ike/context.ts';
import { IkeSa } from '../../src/ike/ike-sa.ts';
import { SaTable } from '../../src/ike/sa-table.ts';
import { padEntry } from '../../src/testing/connection.ts';

/** All an SA needs of the engine until it is given work. */
const services = { now: 0 } as Services;

const pathFrom = (port: number): Path => ({
  socket: 'ike',
  local: { address: '10.0.0.1', port: 500 },
  remote: { address: '10.0.0.2', port },
});

const entries = ['a', 'b'].map((name) =>
  padEntry({ name, address: '10.0.0.1', peer: { address: '10.0.0.2' } }),
);

/** One SA as the list knows it. */
interface Listed {
  readonly sa: IkeSa;
  state: 'half-open' | 'up' | 'dead';
  wasUp: boolean;
  identities: string | undefined;
  stranger: string | undefined;
}

const spi = fc.bigInt(1n, 5n);
const step = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    role: fc.constantFrom('initiator' as const, 'responder' as const),
    local: spi,
    remote: spi,
    port: fc.constantFrom(500, 501),
    entry: fc.nat(1),
  }),
  fc.record({
    kind: fc.constantFrom('establish' as const, 'die' as const, 'remove' as const, 'forget' as const),
    which: fc.nat(20),
    entry: fc.nat(1),
    identities: fc.constantFrom('x y', 'x z'),
  }),
);

it('finds what a list finds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const table = new SaTable();
      const list: Listed[] = [];
      for (const each of steps) {
        if (each.kind === 'add') {
          const entry = each.role === 'initiator' ? entries[each.entry] : undefined;
          const path = pathFrom(each.port);
          const sa = new IkeSa(services, each.role, { local: each.local, remote: each.remote }, path, entry);
          table.add(sa);
          const stranger = each.role === 'responder' ? `${each.port} ${each.remote}` : undefined;
          if (stranger !== undefined) {
            table.addStranger(sa, path);
            for (const other of list) if (other.stranger === stranger) other.stranger = undefined;
          }
          list.push({ sa, state: 'half-open', wasUp: false, identities: undefined, stranger });
        } else {
          const listed = list[each.which];
          if (listed !== undefined) change(table, list, listed, each);
        }
        compare(table, list);
      }
    }),
  );
});

interface Change {
  readonly kind: 'establish' | 'die' | 'remove' | 'forget';
  readonly entry: number;
  readonly identities: string;
}

function change(table: SaTable, list: Listed[], listed: Listed, { kind, entry, identities }: Change): void {
  const { sa } = listed;
  if (kind === 'establish' && listed.state === 'half-open') {
    sa.entry ??= entries[entry];
    table.established(sa, identities);
    Object.assign(listed, { state: 'up', wasUp: true, identities });
  } else if (kind === 'die' && listed.state !== 'dead') {
    sa.phase = { name: 'dead', why: { code: 'TIMEOUT', text: '' } };
    table.died(sa);
    Object.assign(listed, { state: 'dead', identities: undefined });
  } else if (kind === 'remove') {
    table.remove(sa);
    table.remove(sa);
    list.splice(list.indexOf(listed), 1);
  } else if (kind === 'forget') {
    table.forgetStranger(sa);
    listed.stranger = undefined;
  }
}

function compare(table: SaTable, list: readonly Listed[]): void {
  const sas = (of: (each: Listed) => boolean): IkeSa[] => list.filter(of).map(({ sa }) => sa);
  const live = list.filter(({ state }) => state !== 'dead');
  // A dead one that never proved who it is still counts, or an attacker could wash it out.
  const halfOpen = list.filter(({ sa, wasUp }) => sa.role === 'responder' && !wasUp);
  expect([table.live, table.halfOpen]).toEqual([live.length, halfOpen.length]);
  for (let local = 1n; local <= 5n; local++) {
    same(
      table.bySpi(local) ?? [],
      sas(({ sa }) => sa.localSpi === local),
    );
    for (const port of [500, 501]) {
      const [expected] = sas(({ stranger }) => stranger === `${port} ${local}`);
      expect(table.stranger(pathFrom(port), local) === expected).toBe(true);
    }
  }
  for (const { name } of entries)
    same(
      table.ofConnection(name),
      sas(({ sa, state }) => state !== 'dead' && sa.connection === name),
    );
  for (const { sa, identities } of list)
    same(
      table.sameIdentities(sa),
      identities === undefined ? [] : sas((each) => each.identities === identities),
    );
  same(
    [...table.all()],
    sas(() => true),
  );
  const strangers = list.filter(({ stranger }) => stranger !== undefined).length;
  expect(table.held).toMatchObject({ ikeSas: list.length, halfOpen: halfOpen.length, strangers });
}

/** The same SAs, whatever the order: compared by identity, not by content. */
function same(found: readonly IkeSa[], expected: readonly IkeSa[]): void {
  expect(found.length).toBe(expected.length);
  expect(expected.every((sa) => found.includes(sa))).toBe(true);
}

it('gives an SPI of a child to one owner', () => {
  const table = new SaTable();
  const [one, other] = [1n, 2n].map(
    (local) => new IkeSa(services, 'initiator', { local, remote: 0n }, pathFrom(500)),
  );
  if (one === undefined || other === undefined) throw new Error('two SAs');
  expect(table.claimChild(0x100, one.children)).toBe(true);
  expect(table.claimChild(0x100, other.children)).toBe(false);
  expect(table.ownerOfChild(0x100) === one.children).toBe(true);
  table.releaseChild(0x100);
  expect(table.ownerOfChild(0x100)).toBeUndefined();
  expect(table.claimChild(0x100, other.children)).toBe(true);
});

it('draws an SPI that is neither zero nor taken', () => {
  const table = new SaTable();
  table.add(new IkeSa(services, 'initiator', { local: 1n, remote: 0n }, pathFrom(500)));
  const drawn = [0, 1, 2].map((last) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, last));
  expect(table.freshSpi(() => drawn.shift() ?? new Uint8Array())).toBe(2n);
});
