/** Every keyword of Libreswan's ipsec.conf (3.x to 5.x), with what this implementation does about it. */
import { oneOf, type ValueType, yesNo } from './values.ts';

/** Where a keyword may stand: `config setup`, a conn, or a conn with `left` or `right` before it. */
export type Where = 'setup' | 'conn' | 'end';

export interface Keyword {
  readonly name: string;
  readonly where: Where;
  readonly value: ValueType;
  readonly status: Status;
}

export type Status =
  /** Read; words in `refused` are not supported yet, with the reason. */
  | { readonly kind: 'supported'; readonly refused?: Readonly<Record<string, string>> }
  /** Another name of `of`; `note` when the name is obsolete. */
  | { readonly kind: 'alias'; readonly of: string; readonly obsolete: boolean }
  /**
   * Not supported yet: an error where leaving it out changes security. Values in `fine` ask for what happens anyway,
   * values in `mild` deserve no more than a warning.
   */
  | {
      readonly kind: 'later';
      readonly severity: 'error' | 'warning';
      readonly fine: readonly string[];
      readonly mild: readonly string[];
      readonly says: string;
    }
  /** Has no meaning here, and none is missed. */
  | { readonly kind: 'ignored'; readonly fine: readonly string[]; readonly says: string }
  /** Gone from Libreswan too. */
  | { readonly kind: 'obsolete'; readonly severity: 'note' | 'warning' | 'error'; readonly says: string };

type Makers = Readonly<{
  supported: (name: string, value: ValueType, refused?: Readonly<Record<string, string>>) => Keyword;
  alias: (names: string, of: string) => Keyword[];
  old: (names: string, of: string) => Keyword[];
  unsafe: (names: string, value: ValueType, fine: string, says: string, mild?: string) => Keyword[];
  later: (names: string, value: ValueType, fine: string, says: string) => Keyword[];
  ignored: (names: string, fine: string, says: string) => Keyword[];
  obsolete: (names: string, says: string, severity?: 'note' | 'warning' | 'error') => Keyword[];
}>;

/** Lists of names and of `fine` words are separated by blanks. */
function makers(where: Where): Makers {
  const each = (names: string, make: (name: string) => Omit<Keyword, 'where' | 'name'>): Keyword[] =>
    words(names).map((name) => ({ name, where, ...make(name) }));
  const words = (text: string): string[] => (text === '' ? [] : text.split(' '));
  return {
    supported: (name, value, refused) => ({
      name,
      where,
      value,
      status: { kind: 'supported', ...(refused !== undefined && { refused }) },
    }),
    alias: (names, of) =>
      each(names, () => ({ value: 'text', status: { kind: 'alias', of, obsolete: false } })),
    old: (names, of) => each(names, () => ({ value: 'text', status: { kind: 'alias', of, obsolete: true } })),
    unsafe: (names, value, fine, says, mild = '') =>
      each(names, () => ({
        value,
        status: { kind: 'later', severity: 'error', fine: words(fine), mild: words(mild), says },
      })),
    later: (names, value, fine, says) =>
      each(names, () => ({
        value,
        status: { kind: 'later', severity: 'warning', fine: words(fine), mild: [], says },
      })),
    ignored: (names, fine, says) =>
      each(names, () => ({ value: 'text', status: { kind: 'ignored', fine: words(fine), says } })),
    obsolete: (names, says, severity = 'note') =>
      each(names, () => ({ value: 'text', status: { kind: 'obsolete', severity, says } })),
  };
}

const yesNoAuto = { ...yesNo, auto: 'auto' };
const ikev1 = 'it is for IKEv1 only';
const kernelLater = 'the data plane has no such setting';

function setupKeywords(): Keyword[] {
  const { supported, alias, old, unsafe, later, ignored, obsolete } = makers('setup');
  return [
    supported('listen', 'text'),
    supported('ikeport', 'port'),
    supported('nat-ikeport', 'port'),
    supported('uniqueids', yesNo),
    supported('ddos-mode', oneOf('auto busy unlimited')),
    supported('ddos-ike-threshold', 'count'),
    supported('max-halfopen-ike', 'count'),
    supported('keep-alive', 'seconds'),
    supported('myvendorid', 'text'),
    supported('logfile', 'text'),
    supported('logappend', yesNo),
    supported('plutodebug', 'text'),
    supported('secretsfile', 'text'),
    ...alias('debug', 'plutodebug'),
    ...old('ddos-ike-treshold', 'ddos-ike-threshold'),
    ...old('plutostderrlog', 'logfile'),
    ...old('strictcrlpolicy', 'crl-strict'),
    ...old('plutostderrlogtime', 'logtime'),
    ...old('ocsp-trust-name', 'ocsp-trustname'),
    ...unsafe('listen-udp', yesNo, 'yes', 'UDP is always listened on'),
    ...later('listen-tcp', yesNo, 'no', 'there is no TCP (RFC 9329)'),
    supported('crl-strict', yesNo),
    supported('ocsp-enable', yesNo),
    supported('ocsp-strict', yesNo),
    supported('crlcheckinterval', 'seconds'),
    supported('crl-timeout', 'seconds'),
    supported('ocsp-timeout', 'seconds'),
    supported('ocsp-uri', 'text'),
    supported('ocsp-method', oneOf('get post')),
    ...alias('curl-timeout', 'crl-timeout'),
    ...later(
      'ocsp-cache-min-age ocsp-cache-max-age',
      'seconds',
      '',
      'an OCSP response is kept until its nextUpdate',
    ),
    ...later('ocsp-cache-size', 'count', '', 'an OCSP response is kept until its nextUpdate'),
    ...unsafe('ocsp-trustname', 'text', '', 'a responder must be the issuer, or have its certificate'),
    ...later('curl-iface', 'text', '', 'the routing table decides'),
    ...later('dnssec-enable', yesNo, 'no', 'names are resolved as the system does'),
    ...later(
      'dnssec-rootkey-file dnssec-anchors dns-resolver',
      'text',
      '',
      'names are resolved as the system does',
    ),
    ...later('logip', yesNo, 'yes', 'addresses are logged at debug level'),
    supported('shuntlifetime', 'seconds'),
    supported('xfrmlifetime', 'seconds'),
    ...alias('expire-lifetime', 'xfrmlifetime'),
    ...later('expire-shunt-interval', 'seconds', '', 'a shunt ends when its time has come'),
    ...later('drop-oppo-null', yesNo, 'no', 'there are no opportunistic connections'),
    ...later('global-redirect', yesNoAuto, 'no', 'there is no redirection (RFC 5685)'),
    ...later('global-redirect-to', 'text', '', 'there is no redirection (RFC 5685)'),
    ...later('nflog-all', 'count', '0', kernelLater),
    ...later('ipsec-interface-managed', yesNo, '', kernelLater),
    ...ignored('virtual-private', '', `it is for vhost: and vnet:; ${ikev1}`),
    ...later('ikev1-policy', oneOf('accept reject drop'), 'drop', 'IKEv1 is never answered'),
    ...later('ike-socket-bufsize', 'count', '0', "the system's size is used"),
    ...ignored('logtime audit-log ike-socket-errqueue', 'yes', 'this daemon has its own logging'),
    ...ignored(
      'nhelpers seedbits dumpdir ipsecdir nssdir statsbin rundir logstderr',
      '',
      'this daemon does without it',
    ),
    ...ignored('seccomp', 'disabled', 'this daemon does without it'),
    ...ignored('protostack', 'xfrm', 'the data plane is chosen with --kernel'),
    ...obsolete('force-busy', 'write ddos-mode=busy', 'warning'),
    ...obsolete('syslog', 'it never had an effect'),
    ...obsolete('interfaces', 'write listen='),
    ...obsolete('secctx-attr-type secctx-attr-value ikev1-secctx-attr-type', ikev1),
    ...obsolete(
      'klipsdebug fragicmp hidetos overridemtu oe opportunistic nat_traversal disable_port_floating force_keepalive plutofork ' +
        'perpeerlog perpeerlogdir plutorestartoncrash forwardcontrol rp_filter pluto prepluto postpluto plutoopts plutowait ' +
        'plutoload plutostart plutobackgroundload manualstart nocrsend myid dump packetdefault no_eroute_pass',
      'it has no effect any more',
    ),
  ];
}

function endKeywords(): Keyword[] {
  const { supported, alias, old, unsafe, later, ignored, obsolete } = makers('end');
  return [
    supported('', 'text'),
    supported('id', 'text'),
    supported('subnet', 'text'),
    supported('subnets', 'text'),
    supported('protoport', 'text'),
    supported('ikeport', 'port'),
    supported('addresspool', 'text'),
    supported('modecfgserver', yesNo),
    supported('modecfgclient', yesNo),
    supported(
      'auth',
      oneOf(
        'secret never rsasig ecdsa null eaponly rsa-sha1 rsa-sha2 rsa-sha2_256 rsa-sha2_384 rsa-sha2_512 ecdsa-sha2 ecdsa-sha2_256 ecdsa-sha2_384 ecdsa-sha2_512 eddsa',
        { rsa: 'rsasig', psk: 'secret' },
      ),
    ),
    supported('autheap', oneOf('none tls tls13 mschapv2 md5')),
    supported('cert', 'text'),
    supported('ckaid', 'text'),
    supported('ca', 'text'),
    supported('rsasigkey', 'text'),
    supported('ecdsakey', 'text'),
    supported('eddsakey', 'text'),
    supported('pubkey', 'text'),
    supported(
      'sendcert',
      oneOf('never sendifasked always', {
        alwayssend: 'always',
        no: 'never',
        yes: 'always',
        sendifasked: 'ifasked',
        ifasked: 'ifasked',
      }),
    ),
    supported('username', 'text'),
    ...unsafe('rsasigkey2', 'text', '%none', 'one key an end, and the next one is in the conn that follows'),
    ...unsafe('xauthserver xauthclient', yesNo, 'no', `${ikev1} and IKEv1 is not supported`),
    ...unsafe('interface-ip vti', 'text', '', kernelLater),
    ...unsafe('groundhog', 'text', 'no', 'it is a test feature of pluto'),
    supported('cat', yesNo),
    supported('sourceip', 'text'),
    supported('updown', 'text'),
    ...later('updown-config', 'text', '', 'write what the command needs into updown='),
    ...alias('xauthusername', 'username'),
    ...old('xauthname', 'username'),
    ...ignored('nexthop', '%direct %defaultroute', 'the routing table decides'),
    ...obsolete('subnetwithin', 'write leftsubnet= with narrowing=yes', 'error'),
    ...obsolete('firewall', 'it has no effect any more'),
  ];
}

function connKeywords(): Keyword[] {
  const { supported, alias, old, unsafe, later, ignored, obsolete } = makers('conn');
  const never = 'AH is never offered; use ESP, with null encryption if need be';
  return [
    supported('also', 'text'),
    supported('alsoflip', 'text'),
    supported('auto', oneOf('ignore add start ondemand keep', { route: 'ondemand', up: 'start' })),
    supported('type', oneOf('tunnel transport passthrough drop reject', { pass: 'passthrough' })),
    supported('authby', 'text'),
    supported('keyexchange', oneOf('ike ikev1 ikev2'), {
      ikev1: 'IKEv1 is not supported; use keyexchange=ikev2',
    }),
    supported(
      'ikev2',
      oneOf('yes no', { ...yesNo, insist: 'yes', propose: 'yes', always: 'yes', never: 'no', permit: 'no' }),
      {
        no: 'it asks for IKEv1, which is not supported; use ikev2=yes',
      },
    ),
    supported('ike', 'text'),
    supported('esp', 'text'),
    supported('phase2', oneOf('esp ah', { default: 'esp' }), { ah: never }),
    supported('pfs', yesNo),
    supported('esn', { ...yesNo, either: 'either' }),
    supported('encapsulation', yesNoAuto),
    supported('fragmentation', { ...yesNo, never: 'no', force: 'force', insist: 'force' }),
    supported('narrowing', yesNo),
    supported('replay-window', 'count'),
    supported('retransmit-interval', 'milliseconds'),
    supported('retransmit-timeout', 'seconds'),
    supported('dpddelay', 'seconds'),
    supported('dpdaction', oneOf('hold clear restart', { restart_by_peer: 'restart', '%clear': 'clear' })),
    supported('keyingtries', 'tries'),
    supported('ikelifetime', 'seconds'),
    supported('ipsec-lifetime', 'seconds'),
    supported('ipsec-max-bytes', 'bytes'),
    supported('ipsec-max-packets', 'packets'),
    supported('rekey', yesNo),
    supported('rekeymargin', 'seconds'),
    supported('rekeyfuzz', 'percent'),
    supported('reauth', yesNo),
    supported('nat-keepalive', yesNo),
    supported('initial-contact', yesNo),
    supported('send-vendorid', yesNo),
    supported('modecfgdns', 'text'),
    supported('modecfgdomains', 'text'),
    supported('ignore-peer-dns', yesNo),
    supported('share-lease', yesNo),
    supported('policy-label', 'labels'),
    supported('labeled-ipsec', yesNo),
    supported('hostaddrfamily', oneOf('ipv4 ipv6', { v4: 'ipv4', inet: 'ipv4', v6: 'ipv6', inet6: 'ipv6' })),
    ...alias('phase2alg', 'esp'),
    ...alias('sec-label', 'policy-label'),
    ...alias('aggrmode', 'aggressive'),
    ...alias('keylife lifetime salifetime', 'ipsec-lifetime'),
    ...alias('nflog-group', 'nflog'),
    ...alias('ikev1-dpdtimeout', 'dpdtimeout'),
    ...alias('send-no-esp-tfc', 'send-esp-tfc-padding-not-supported'),
    ...old('ike-frag', 'fragmentation'),
    ...old('connaddrfamily', 'hostaddrfamily'),
    ...old('auth', 'phase2'),
    ...old('modecfgdns1 modecfgdns2', 'modecfgdns'),
    ...old('modecfgdomain', 'modecfgdomains'),
    ...old('vti-iface', 'vti-interface'),
    ...unsafe('ah', 'text', '', never),
    ...unsafe('sha2-truncbug', yesNo, 'no', 'SHA2-256 is always truncated to 128 bits'),
    ...unsafe(
      'ppk',
      { ...yesNo, never: 'no', insist: 'insist', propose: 'yes', permit: 'yes' },
      'no',
      'there are no post-quantum keys (RFC 8784)',
      'yes',
    ),
    supported('mark', 'text'),
    supported('mark-in', 'text'),
    supported('mark-out', 'text'),
    ...unsafe('ipsec-interface', 'text', 'no', 'no XFRM interface is made'),
    ...unsafe('vti-interface', 'text', '', kernelLater),
    ...unsafe('dns-match-id', yesNo, 'no', 'identities are not checked against DNS'),
    ...unsafe('pam-authorize', yesNo, 'no', 'PAM is not asked'),
    supported('failureshunt', oneOf('none passthrough drop reject', { hold: 'drop' })),
    supported('negotiationshunt', oneOf('hold passthrough', { drop: 'hold' })),
    ...later('mobike', yesNo, 'no', 'there is no MOBIKE (RFC 4555)'),
    ...later('intermediate', yesNo, 'no', 'there is no IKE_INTERMEDIATE (RFC 9242)'),
    ...later('session-resumption', yesNo, 'no', 'there is no session resumption (RFC 5723)'),
    ...later('compress', yesNo, 'no', 'IPComp is not offered'),
    ...later('ppk-ids', 'text', '', 'there are no post-quantum keys (RFC 8784)'),
    supported('tfc', 'count'),
    ...ignored('send-esp-tfc-padding-not-supported', 'yes no', 'a connection without tfc= says so'),
    ...later('iptfs', yesNo, 'no', 'there is no IP-TFS (RFC 9347)'),
    ...later(
      'iptfs-fragmentation iptfs-dont-frag iptfs-packet-size iptfs-max-queue-size iptfs-init-delay iptfs-reorder-window iptfs-drop-time',
      'text',
      '',
      'there is no IP-TFS (RFC 9347)',
    ),
    ...later('enable-tcp', { ...yesNo, fallback: 'fallback' }, 'no', 'there is no TCP (RFC 9329)'),
    ...later('tcp-remoteport', 'port', '', 'there is no TCP (RFC 9329)'),
    ...later('accept-redirect', yesNo, 'no', 'there is no redirection (RFC 5685)'),
    ...later('send-redirect', yesNoAuto, 'no', 'there is no redirection (RFC 5685)'),
    ...later('accept-redirect-to redirect-to', 'text', '', 'there is no redirection (RFC 5685)'),
    supported('require-id-on-certificate', yesNo),
    supported('sendca', oneOf('none issuer all')),
    ...later('ms-dh-downgrade pfs-rekey-workaround', yesNo, 'no', 'the groups of esp= hold for rekeys too'),
    ...later('reject-simultaneous-ike-auth', yesNo, 'no', 'both are let live'),
    ...later('clones', 'count', '0 1', 'there are no per-CPU SAs (RFC 9611)'),
    ...later('connalias', 'text', '', 'use the name of the conn'),
    ...later('overlapip', yesNo, 'no', kernelLater),
    supported('decap-dscp', yesNo),
    supported('encap-dscp', yesNo),
    supported('nopmtudisc', yesNo),
    ...later('nic-offload', { ...yesNoAuto, crypto: 'crypto', packet: 'packet' }, 'no auto', kernelLater),
    supported('mtu', 'count'),
    supported('metric', 'count'),
    supported('nflog', 'count'),
    supported('priority', 'count'),
    supported('reqid', 'count'),
    ...later('vti-routing vti-shared', yesNo, 'no', kernelLater),
    ...later('fake-strongswan', yesNo, 'no', 'no such vendor ID is sent'),
    ...ignored('dpdtimeout', '', `${ikev1}; retransmit-timeout= decides when a peer is dead`),
    ...ignored('debug plutodebug', 'none', 'the log level belongs to the whole daemon'),
    ...ignored('nm-configured', 'no', 'NetworkManager is not asked'),
    ...ignored(
      'aggressive ikepad nat-ikev1-method cisco-unity cisco-split remote-peer-type xauthby xauthfail modecfgpull modecfgbanner',
      'no',
      ikev1,
    ),
    ...obsolete('clientaddrfamily', 'the subnets say it'),
    ...obsolete('forceencaps', 'write encapsulation=yes'),
    ...obsolete('pfsgroup', 'write the group into esp=, as in esp=aes-sha2-dh14', 'warning'),
    ...obsolete('sareftrack disablearrivalcheck modecfgwins1 modecfgwins2', 'it has no effect any more'),
  ];
}

export const keywords: readonly Keyword[] = [...setupKeywords(), ...endKeywords(), ...connKeywords()];
