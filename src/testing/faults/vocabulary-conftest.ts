/** strongSwan's conftest: its 23 hooks, its six actions, and `fake_nat`. */
import type { FaultRule } from './script.ts';
import type { Vocabulary } from './vocabulary.ts';

const psk = 'somesharedkey';
const auth = { direction: 'out', exchange: 'IKE_AUTH', message: 'request' } as const;
const init = { direction: 'out', exchange: 'IKE_SA_INIT', message: 'request' } as const;

/** After a change of IKE_SA_INIT, so that AUTH still holds. */
const resign: FaultRule = {
  name: 'AUTH covers what was sent',
  on: { ...auth, payload: 'AUTH' },
  do: { action: 'sign', psk },
};

const received = { direction: 'in', exchange: ['IKE_SA_INIT', 'IKE_AUTH'] } as const;

export const conftest = {
  add_notify: {
    does: 'adds a notify',
    rules: [{ on: auth, do: { action: 'add', payload: { payload: 'N(40960)', data: '0102' } } }],
  },
  add_payload: {
    does: 'adds any payload, or with `remove` before it replaces one',
    rules: [{ on: auth, do: { action: 'add', payload: { payload: 200, critical: true, body: '0102' } } }],
  },
  custom_proposal: {
    does: 'proposes what the script says',
    rules: [
      {
        on: { ...init, payload: 'SA' },
        do: {
          action: 'set',
          payload: 'SA',
          field: 'proposals',
          to: [
            {
              number: 1,
              protocol: 'IKE',
              spi: '',
              transforms: [
                { type: 'ENCR', id: 1023 },
                { type: 'PRF', id: 'HMAC_SHA2_256' },
                { type: 'KE', id: 'CURVE25519' },
              ],
            },
          ],
        },
      },
    ],
  },
  force_cookie: {
    does: 'answers IKE_SA_INIT requests with a COOKIE first',
    peer: 'responder',
    rules: [
      {
        on: { direction: 'in', exchange: 'IKE_SA_INIT', message: 'request', without: 'N(COOKIE)' },
        do: [
          'drop',
          { action: 'inject', toward: 'sender', payloads: [{ payload: 'N(COOKIE)', data: { random: 20 } }] },
        ],
      },
    ],
  },
  ignore_message: {
    does: 'a message is lost, either way',
    rules: [{ on: { ...auth, nth: 1 }, do: 'drop' }],
  },
  ike_auth_fill: {
    does: 'fills IKE_AUTH up to a size with a CERT payload',
    rules: [{ on: auth, do: { action: 'fill', to: 1200, payload: { payload: 'CERT' } } }],
  },
  log_id: {
    does: 'logs identities',
    rules: [{ on: received, do: { action: 'log', payload: ['IDi', 'IDr'] } }],
  },
  log_ke: { does: 'logs KE groups', rules: [{ on: received, do: { action: 'log', payload: 'KE' } }] },
  log_proposals: { does: 'logs proposals', rules: [{ on: received, do: { action: 'log', payload: 'SA' } }] },
  log_ts: {
    does: 'logs traffic selectors',
    rules: [{ on: received, do: { action: 'log', payload: ['TSi', 'TSr'] } }],
  },
  pretend_auth: {
    does: 'takes AUTHENTICATION_FAILED for a success and goes on',
    rules: [
      {
        on: { direction: 'in', exchange: 'IKE_AUTH', payload: 'N(AUTHENTICATION_FAILED)' },
        do: { action: 'pretend', psk },
      },
    ],
  },
  rebuild_auth: {
    does: 'makes AUTH anew, as when the ID is another',
    rules: [
      {
        on: auth,
        do: [
          { action: 'set', payload: 'IDi', field: 'data', to: { text: 'someone.else' } },
          { action: 'set', payload: 'IDi', field: 'idType', to: 'FQDN' },
          { action: 'sign', psk },
        ],
      },
    ],
  },
  reset_seq: {
    does: 'the sequence numbers of its ESP SAs begin again',
    rules: [{ at: 1000, do: { action: 'command', command: 'reset_seq' } }],
  },
  set_critical: {
    does: 'sets the critical bit of payloads',
    rules: [{ on: init, do: { action: 'critical', payload: 'SA' } }, resign],
  },
  set_ike_initiator: {
    does: 'toggles the I flag',
    rules: [{ on: auth, do: { action: 'header', initiator: 'toggle' } }],
  },
  set_ike_request: {
    does: 'toggles the R flag',
    rules: [{ on: auth, do: { action: 'header', response: 'toggle' } }],
  },
  set_ike_spi: {
    does: 'other SPIs in the header',
    rules: [
      {
        on: auth,
        do: { action: 'header', initiatorSpi: '0000000000000001', responderSpi: '0000000000000002' },
      },
    ],
  },
  set_ike_version: {
    does: 'other versions and V flag in the header',
    rules: [{ on: init, do: { action: 'header', majorVersion: 3, minorVersion: 1, higherVersion: true } }],
  },
  set_length: {
    does: 'a wrong payload length',
    rules: [{ on: init, do: { action: 'length', payload: 'KE', to: { add: -3 } } }],
  },
  set_proposal_number: {
    does: 'other proposal numbers',
    rules: [{ on: init, do: { action: 'set', payload: 'SA', field: 'proposals.0.number', to: 5 } }],
  },
  set_reserved: {
    does: 'sets reserved bits and octets',
    rules: [{ on: init, do: { action: 'reserved', payload: 'KE', bits: 0x7f, octets: 0xff } }, resign],
  },
  unencrypted_notify: {
    does: 'sends a notify in clear once the IKE SA is up',
    rules: [
      {
        on: { direction: 'in', exchange: 'IKE_AUTH', message: 'response' },
        do: {
          action: 'inject',
          toward: 'sender',
          exchange: 'INFORMATIONAL',
          message: 'request',
          messageId: 2,
          encrypted: false,
          payloads: [{ payload: 'N(AUTHENTICATION_FAILED)' }],
        },
      },
    ],
  },
  unsort_message: {
    does: 'payloads in another order',
    rules: [{ on: auth, do: { action: 'order', payloads: ['TSr', 'TSi', 'SA', 'AUTH'] } }],
  },
  initiate: {
    does: 'brings its connection up',
    rules: [{ at: 1000, do: { action: 'command', command: 'initiate' } }],
  },
  rekey_ike: {
    does: 'rekeys the IKE SA',
    rules: [{ at: 1000, do: { action: 'command', command: 'rekey_ike' } }],
  },
  rekey_child: {
    does: 'rekeys its children',
    rules: [{ at: 1000, do: { action: 'command', command: 'rekey_child' } }],
  },
  liveness: {
    does: 'checks liveness',
    rules: [{ at: 1000, do: { action: 'command', command: 'liveness' } }],
  },
  close_ike: {
    does: 'deletes the IKE SA',
    rules: [{ at: 1000, do: { action: 'command', command: 'close_ike' } }],
  },
  close_child: {
    does: 'deletes its children',
    rules: [{ at: 1000, do: { action: 'command', command: 'close_child' } }],
  },
  fake_nat: {
    does: 'both ends find a NAT that is not there',
    rules: [
      { on: init, do: { action: 'octets', payload: 'N(NAT_DETECTION_SOURCE_IP)', at: -1, xor: 'ff' } },
      {
        on: { direction: 'in', exchange: 'IKE_SA_INIT', message: 'response' },
        do: { action: 'octets', payload: 'N(NAT_DETECTION_DESTINATION_IP)', at: -1, xor: 'ff' },
      },
      { on: { exchange: 'IKE_AUTH', payload: 'AUTH' }, do: { action: 'sign', psk } },
    ],
  },
} as const satisfies Vocabulary;
