/** Sizes, offsets and numbers as a C compiler has them from linux/xfrm.h. */
import { describe, expect, it } from 'vitest';
import * as numbers from '../../../src/kernel/xfrm/numbers.ts';
import type { Struct } from '../../../src/kernel/xfrm/struct.ts';
import * as structs from '../../../src/kernel/xfrm/structs.ts';
import { abi, haveVectors } from './vectors.ts';

const isStruct = (value: unknown): value is Struct<unknown> =>
  typeof value === 'object' && value !== null && 'offsets' in value;
const tables = Object.values<unknown>(structs).filter(isStruct);
const registries: Readonly<Record<string, unknown>> = { ...numbers };

/** Structs of the headers that no message or attribute here is made of. */
const unused = ['xfrm_address_t', 'xfrm_sec_ctx', 'sockaddr_nl'];

const prefixes: Readonly<Record<string, keyof typeof numbers>> = {
  XFRM_MSG_: 'MessageType',
  XFRMA_: 'AttributeType',
  XFRMA_SAD_: 'SadAttributeType',
  XFRMA_SPD_: 'SpdAttributeType',
  XFRMNLGRP_: 'MulticastGroup',
  XFRM_MODE_: 'Mode',
  XFRM_STATE_: 'StateFlag',
  XFRM_SA_XFLAG_: 'ExtraFlag',
  XFRM_POLICY_TYPE_: 'PolicyType',
  XFRM_USERPOLICY_: 'DefaultPolicy',
  XFRM_SHARE_: 'Share',
  XFRM_OFFLOAD_: 'OffloadFlag',
  XFRM_AE_: 'AeventFlag',
  NLM_F_: 'NlmFlag',
  NLMSG_: 'NlmsgType',
  NLMSGERR_ATTR_: 'NlmsgerrAttribute',
  XFRM_SC_: 'SecurityContext',
  UDP_ENCAP_: 'Encapsulation',
};

/** The header's number for a name of ours; undefined when the recorded headers are older than it. */
const header = (prefix: string, name: string): number | undefined => abi.constants[`${prefix}${name}`];

describe.skipIf(!haveVectors)('the uapi of this library', () => {
  it.each(tables.filter(({ name }) => abi.structs[name]).map((table) => [table.name, table] as const))(
    '%s',
    (name, table) => {
      const known = abi.structs[name];
      expect(table.size).toBe(known?.size);
      const offsets = Object.entries(known?.fields ?? {}).map(([field, { offset }]) => [field, offset]);
      for (const [field, offset] of offsets) {
        expect([field, table.offsets[String(field)]]).toEqual([field, offset]);
      }
    },
  );

  it('has every struct recorded', () => {
    const ours = new Set(tables.map(({ name }) => name));
    expect(Object.keys(abi.structs).filter((name) => !ours.has(name) && !unused.includes(name))).toEqual([]);
  });

  it('has the numbers recorded', () => {
    const wrong = Object.entries(prefixes).flatMap(([prefix, group]) =>
      Object.entries(Object(registries[group]))
        .filter(([name, value]) => (header(prefix, name) ?? value) !== value)
        .map(([name]) => `${prefix}${name}`),
    );
    expect(wrong).toEqual([]);
  });

  // By value: XFRMA_OUTPUT_MARK is the old name of XFRMA_SET_MARK.
  it('lacks no message, attribute or group recorded', () => {
    const names = Object.keys(abi.constants).filter((name) => !/_(?:UNSPEC|NONE|MAX|BASE)$/.test(name));
    const missing = names.filter((name) => {
      const prefix = Object.keys(prefixes)
        .filter((one) => /^XFRM(?:A|_MSG|NLGRP)_/.test(one) && name.startsWith(one))
        .toSorted((a, b) => b.length - a.length)[0];
      const group = prefix === undefined ? undefined : prefixes[prefix];
      return prefix && group && !Object.values(Object(registries[group])).includes(abi.constants[name]);
    });
    expect(missing).toEqual([]);
  });
});
