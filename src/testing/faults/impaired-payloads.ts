/** Libreswan's impairments of what messages say. */
import type { FaultRule } from './script.ts';
import type { Vocabulary } from './vocabulary.ts';

const psk = 'somesharedkey';
const sent = { direction: 'out' } as const;
const received = { direction: 'in' } as const;
const init = { ...sent, exchange: 'IKE_SA_INIT', message: 'request' } as const;
const initAnswer = { ...sent, exchange: 'IKE_SA_INIT', message: 'response' } as const;
const auth = { ...sent, exchange: 'IKE_AUTH', message: 'request' } as const;
const rekey = { ...sent, exchange: 'CREATE_CHILD_SA', message: 'request', payload: 'N(REKEY_SA)' } as const;
const rekeyAnswer = { ...sent, exchange: 'CREATE_CHILD_SA', message: 'response', payload: 'TSi' } as const;

/** After a change of IKE_SA_INIT, so that AUTH still holds. */
const resign: FaultRule = {
  name: 'AUTH covers what was sent',
  on: { ...sent, exchange: 'IKE_AUTH', payload: 'AUTH' },
  do: { action: 'sign', psk },
};

const unknown = (critical: boolean) => ({ payload: 255, critical, body: '00010203' });

/** Traffic selectors as wide or as narrow as they get. */
const selectors = (start: string, end: string): FaultRule['do'] =>
  (['TSi', 'TSr'] as const).flatMap((payload) => [
    { action: 'set', payload, field: 'selectors.*.start', to: start } as const,
    { action: 'set', payload, field: 'selectors.*.end', to: end } as const,
  ]);
const supernet = selectors('0.0.0.0', '255.255.255.255');
const subnet = selectors('10.0.0.9', '10.0.0.9');

const command = (
  name: 'rekey_child' | 'rekey_ike' | 'liveness' | 'close_ike' | 'initiate' | 'restart',
  after = 0,
) => ({ action: 'command', command: name, after }) as const;

const proposals = {
  ke_payload: {
    does: 'KE empty; `remove` omits, `duplicate` doubles it, `to` fills it',
    rules: [{ on: init, do: { action: 'set', payload: 'KE', field: 'data', to: '' } }],
  },
  ike_key_length_attribute: {
    does: 'another key length in IKE proposals; `omit` leaves it out',
    rules: [
      {
        on: init,
        do: { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=ENCR].keyLength', to: 17 },
      },
    ],
  },
  child_key_length_attribute: {
    does: 'another key length in child proposals',
    rules: [
      {
        on: auth,
        do: { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=ENCR].keyLength', to: 17 },
      },
    ],
  },
  v2_proposal_integ: {
    does: 'INTEG=NONE in proposals; `omit` leaves INTEG out',
    rules: [
      {
        on: init,
        do: {
          action: 'set',
          payload: 'SA',
          field: 'proposals.*.transforms',
          append: { type: 'INTEG', id: 'NONE' },
        },
      },
      resign,
    ],
  },
  v2_proposal_dh: {
    does: 'proposals without a group',
    rules: [
      {
        on: init,
        do: { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=KE]', omit: true },
      },
    ],
  },
  add_ike_transform: {
    does: 'one more transform in the first IKE proposal',
    rules: [
      {
        on: init,
        do: {
          action: 'set',
          payload: 'SA',
          field: 'proposals.0.transforms',
          append: { type: 'ENCR', id: 1023 },
        },
      },
      resign,
    ],
  },
  add_child_transform: {
    does: 'one more transform in the first child proposal',
    rules: [
      {
        on: auth,
        do: {
          action: 'set',
          payload: 'SA',
          field: 'proposals.0.transforms',
          append: { type: 'ENCR', id: 1023 },
        },
      },
    ],
  },
  v2_proposal_protoid: {
    does: 'another protocol in proposals',
    rules: [{ on: init, do: { action: 'set', payload: 'SA', field: 'proposals.*.protocol', to: 'AH' } }],
  },
  initiator_nonce: {
    does: 'Ni empty; `remove`, `duplicate` and `octets` do the rest',
    rules: [{ on: init, do: { action: 'set', payload: 'Ni', field: 'data', to: '' } }],
  },
  responder_nonce: {
    does: 'Nr empty',
    peer: 'responder',
    rules: [{ on: initAnswer, do: { action: 'set', payload: 'Nr', field: 'data', to: '' } }],
  },
  omit_addke_notification: {
    does: 'leaves N(ADDITIONAL_KEY_EXCHANGE) out',
    peer: 'responder',
    rules: [
      {
        on: { ...sent, message: 'response' },
        do: { action: 'remove', payload: 'N(ADDITIONAL_KEY_EXCHANGE)' },
      },
    ],
  },
  allow_null_none: {
    does: 'ESP without encryption and integrity',
    rules: [
      {
        on: auth,
        do: [
          { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=ENCR].keyLength', omit: true },
          { action: 'set', payload: 'SA', field: 'proposals.*.transforms[type=ENCR].id', to: 'NULL' },
        ],
      },
    ],
  },
} as const satisfies Vocabulary;

const payloads = {
  add_unknown_v2_payload_to: {
    does: 'an unknown payload in clear',
    rules: [{ on: init, do: { action: 'add', payload: unknown(false) } }, resign],
  },
  add_unknown_v2_payload_to_sk: {
    does: 'an unknown payload inside SK',
    rules: [{ on: auth, do: { action: 'add', payload: unknown(false) } }],
  },
  unknown_v2_payload_critical: {
    does: 'an unknown payload that is critical',
    rules: [{ on: auth, do: { action: 'add', payload: unknown(true) } }],
  },
  pad_with_unknown_v2_payloads: {
    does: 'many unknown payloads',
    rules: [{ on: auth, do: { action: 'add', payload: unknown(false), times: 100 } }],
  },
  send_nonzero_reserved: {
    does: 'reserved octets in proposals',
    rules: [{ on: init, do: { action: 'reserved', payload: 'SA', octets: 0xff } }, resign],
  },
  send_nonzero_reserved_id: {
    does: 'reserved octets in the ID payload, which AUTH covers',
    rules: [
      {
        on: auth,
        do: [
          { action: 'reserved', payload: 'IDi', octets: 0xff },
          { action: 'sign', psk },
        ],
      },
    ],
  },
  add_v2_notification: {
    does: 'adds a notify',
    rules: [{ on: auth, do: { action: 'add', payload: { payload: 'N(MOBIKE_SUPPORTED)' } } }],
  },
  ignore_v2_notification: {
    does: 'does not hear a notify',
    rules: [
      {
        on: { ...received, exchange: 'IKE_AUTH' },
        do: { action: 'remove', payload: 'N(USE_TRANSPORT_MODE)' },
      },
    ],
  },
  omit_v2_notification: {
    does: 'leaves a notify out',
    rules: [{ on: auth, do: { action: 'remove', payload: 'N(INITIAL_CONTACT)' } }],
  },
  childless_ikev2_supported: {
    does: 'leaves N(CHILDLESS_IKEV2_SUPPORTED) out',
    peer: 'responder',
    rules: [{ on: initAnswer, do: { action: 'remove', payload: 'N(CHILDLESS_IKEV2_SUPPORTED)' } }, resign],
  },
  ddos_cookie: {
    does: 'sends a bogus COOKIE; `octets` mangles a true one',
    rules: [
      {
        on: init,
        do: { action: 'add', at: 'first', payload: { payload: 'N(COOKIE)', data: { random: 32 } } },
      },
      resign,
    ],
  },
} as const satisfies Vocabulary;

const authentication = {
  force_v2_auth_method: {
    does: 'another AUTH method',
    rules: [
      { on: auth, do: { action: 'set', payload: 'AUTH', field: 'method', to: 'RSA_DIGITAL_SIGNATURE' } },
    ],
  },
  truncate_signed_hash: {
    does: 'AUTH cut short',
    rules: [{ on: auth, do: { action: 'sign', psk, truncate: 16 } }],
  },
  mangle_cert_pubkey: {
    does: 'spoils the key in its certificate',
    rules: [
      {
        on: auth,
        do: [
          { action: 'add', payload: { payload: 'CERT', data: { repeat: '30', times: 64 } } },
          { action: 'octets', payload: 'CERT', at: 32, xor: 'ffff' },
        ],
      },
    ],
  },
  send_pkcs7_thingie: {
    does: 'its certificates wrapped in PKCS #7',
    rules: [{ on: auth, do: { action: 'add', payload: { payload: 'CERT', encoding: 1, data: '3000' } } }],
  },
  send_no_idr: {
    does: 'does not say whom it wants',
    rules: [{ on: auth, do: { action: 'remove', payload: 'IDr' } }],
  },
  send_no_ikev2_auth: { does: 'never sends IKE_AUTH', rules: [{ on: auth, do: 'drop' }] },
  omit_v2_ike_auth_child: {
    does: 'IKE_AUTH without a child',
    rules: [{ on: auth, do: { action: 'remove', payload: ['SA', 'TSi', 'TSr'] } }],
  },
} as const satisfies Vocabulary;

const children = {
  number_of_TSi_selectors: {
    does: 'a wrong number of selectors in TSi',
    rules: [{ on: auth, do: { action: 'octets', payload: 'TSi', set: '05' } }],
  },
  number_of_TSr_selectors: {
    does: 'a wrong number of selectors in TSr',
    rules: [{ on: auth, do: { action: 'octets', payload: 'TSr', set: '00' } }],
  },
  rekey_initiate_supernet: {
    does: 'a child rekey with wider selectors',
    rules: [{ on: rekey, do: supernet }],
  },
  rekey_initiate_subnet: {
    does: 'a child rekey with narrower selectors',
    rules: [{ on: rekey, do: subnet }],
  },
  rekey_respond_supernet: {
    does: 'answers a rekey with wider selectors',
    peer: 'responder',
    rules: [{ on: rekeyAnswer, do: supernet }],
  },
  rekey_respond_subnet: {
    does: 'answers a rekey with narrower selectors',
    peer: 'responder',
    rules: [{ on: rekeyAnswer, do: subnet }],
  },
  v2n_rekey_sa_protoid: {
    does: 'another protocol in N(REKEY_SA)',
    rules: [{ on: rekey, do: { action: 'set', payload: 'N(REKEY_SA)', field: 'protocol', to: 'AH' } }],
  },
  v2_delete_protoid: {
    does: 'another protocol in Delete',
    rules: [
      {
        on: { ...sent, payload: 'D', message: 'request' },
        do: { action: 'set', payload: 'D', field: 'protocol', to: 'AH' },
      },
    ],
  },
  send_no_delete: {
    does: 'never says that it deletes',
    rules: [{ on: { ...sent, payload: 'D', message: 'request' }, do: 'drop' }],
  },
  ignore_viable_parent: {
    does: 'makes another IKE SA though one is up',
    rules: [{ at: 1000, do: [command('restart'), command('initiate', 1)] }],
  },
  lifetime: {
    does: 'SAs that live so long and no longer',
    rules: [{ at: 5000, do: command('rekey_child') }],
  },
} as const satisfies Vocabulary;

export const impairedPayloads = {
  ...proposals,
  ...payloads,
  ...authentication,
  ...children,
} as const satisfies Vocabulary;
