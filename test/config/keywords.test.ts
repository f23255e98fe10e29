import { describe, expect, test } from 'vitest';
import { keywords } from '../../src/config/keywords.ts';
import { findKeyword } from '../../src/config/lookup.ts';
import { conn, errors, good, read, remarks } from './read.ts';

/** The keywords compiled into pluto 4.10 (its readwriteconf), by where they may stand. */
const pluto4 = {
  setup:
    'ikev1-policy curl-iface curl-timeout myvendorid syslog plutodebug logfile plutostderrlog logtime logappend logip audit-log ' +
    'dnssec-enable dnssec-rootkey-file dnssec-anchors dumpdir ipsecdir nssdir secretsfile statsbin uniqueids shuntlifetime ' +
    'global-redirect global-redirect-to crl-strict crlcheckinterval ocsp-strict ocsp-enable ocsp-uri ocsp-timeout ocsp-trustname ' +
    'ocsp-cache-size ocsp-cache-min-age ocsp-cache-max-age ocsp-method ddos-mode seccomp ddos-ike-threshold max-halfopen-ike ' +
    'ike-socket-bufsize ike-socket-errqueue nflog-all xfrmlifetime virtual-private virtual_private seedbits keep-alive listen-tcp ' +
    'listen-udp listen protostack nhelpers drop-oppo-null ikev1-secctx-attr-type secctx-attr-type interfaces',
  conn:
    'auto also alsoflip ike hostaddrfamily clientaddrfamily type authby keyexchange ikev2 ppk intermediate esn decap-dscp nopmtudisc ' +
    'fragmentation mobike narrowing pam-authorize send-redirect redirect-to accept-redirect accept-redirect-to pfs nat-keepalive ' +
    'initial-contact cisco-unity send-no-esp-tfc fake-strongswan send-vendorid sha2-truncbug ms-dh-downgrade require-id-on-certificate ' +
    'dns-match-id ipsec-max-bytes ipsec-lifetime keylife lifetime salifetime ipsec-max-packets retransmit-timeout retransmit-interval ' +
    'ikepad nat-ikev1-method policy-label sec-label remote-peer-type remote_peer_type nm-configured xauthby xauthfail modecfgpull ' +
    'modecfgdns modecfgdomains modecfgbanner ignore-peer-dns mark mark-in mark-out vti-interface vti-routing vti-shared ' +
    'ipsec-interface nic-offload encapsulation forceencaps overlapip reauth rekey rekeymargin rekeyfuzz keyingtries replay-window ' +
    'ikelifetime failureshunt negotiationshunt enable-tcp tcp-remoteport connalias esp ah phase2alg phase2 compress metric dpddelay ' +
    'dpdtimeout dpdaction sendca mtu priority tfc reqid nflog aggressive aggrmode',
  end:
    'subnet subnets sourceip ikeport interface-ip vti nexthop updown id rsasigkey ecdsakey pubkey cert ckaid sendcert ca xauthserver ' +
    'xauthclient modecfgserver modecfgclient username xauthusername addresspool auth cat protoport autheap groundhog',
};

/** Words of 5.x, and of 3.x and older HOWTOs. */
const others = {
  setup:
    'crl-timeout expire-lifetime expire-shunt-interval dns-resolver ipsec-interface-managed debug klipsdebug nat_traversal oe ' +
    'plutofork strictcrlpolicy crl_strict ocsp_enable force_busy force-busy nhelpers nat-ikeport nat_ikeport ikeport keep_alive ' +
    'disable_port_floating force_keepalive perpeerlog perpeerlogdir fragicmp hidetos overridemtu plutorestartoncrash forwardcontrol ' +
    'rp_filter pluto prepluto postpluto plutoopts plutowait nocrsend myid secctx_attr_value ddos-ike-treshold plutostderrlogtime',
  conn:
    'ppk-ids encap-dscp session-resumption send-esp-tfc-padding-not-supported reject-simultaneous-ike-auth iptfs iptfs-fragmentation ' +
    'iptfs-packet-size iptfs-max-queue-size iptfs-reorder-window iptfs-init-delay iptfs-drop-time share-lease pfs-rekey-workaround ' +
    'cisco-split clones ikev1-dpdtimeout nflog-group debug ike_frag ike-frag nat_keepalive initial_contact cisco_unity send_vendorid ' +
    'sha2_truncbug labeled_ipsec labeled-ipsec policy_label nm_configured modecfgdns1 modecfgdns2 modecfgdomain modecfgwins1 ' +
    'sareftrack disablearrivalcheck connaddrfamily pfsgroup',
  end: 'eddsakey updown-config rsasigkey2 xauthname subnetwithin firewall',
};

describe('the whole of Libreswan is known', () => {
  test.each([pluto4, others])('%#', ({ setup, conn, end }) => {
    for (const word of setup.split(' ')) expect(findKeyword(word, 'setup'), word).toBeDefined();
    for (const word of conn.split(' ')) expect(findKeyword(word, 'conn'), word).toBeDefined();
    for (const word of end.split(' ')) {
      expect(findKeyword(`left${word}`, 'conn'), word).toMatchObject({ end: 'left' });
      expect(findKeyword(`RIGHT-${word}`, 'conn'), word).toMatchObject({ end: 'right' });
    }
  });
});

test('every alias leads somewhere', () => {
  for (const { name, where, status } of keywords) {
    if (status.kind !== 'alias') continue;
    const target = keywords.find((keyword) => keyword.where === where && keyword.name === status.of);
    expect(target, `${name} -> ${status.of}`).toBeDefined();
    expect(target?.status.kind).not.toBe('alias');
  }
});

test('no keyword stands twice', () => {
  const names = keywords.map(({ where, name }) => `${where} ${name}`);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

describe('unknown words are errors with a hint', () => {
  test.each([
    ['leftsubet=10.0.0.0/8', '/c:6:2: error: "leftsubet" is no keyword (expected leftsubnet=)'],
    ['athby=secret', '/c:6:2: error: "athby" is no keyword (expected authby=)'],
    ['phase2algs=aes', '/c:6:2: error: "phase2algs" is no keyword (expected phase2alg=)'],
    ['qqqqqq=1', '/c:6:2: error: "qqqqqq" is no keyword'],
    ['uniqueids=no', '/c:6:2: error: uniqueids= belongs into config setup'],
    ['constructor=1', '/c:6:2: error: "constructor" is no keyword'],
  ])('%s', (line, error) => {
    expect(errors(read(conn(line)))).toEqual([error]);
  });

  test('a conn word in config setup', () => {
    expect(errors(read('config setup\n\tauto=add\n\tlogfille=x\n'))).toEqual([
      '/c:2:2: error: auto= belongs into a conn',
      '/c:3:2: error: "logfille" is no keyword (expected logfile=)',
    ]);
  });

  test('words of the user are left alone', () => {
    expect(remarks(read(conn('x-note=1', 'X_other="a b"')))).toEqual([]);
  });
});

describe('not supported yet: an error where security changes', () => {
  test.each([
    ['phase2=ah', 'error: phase2=ah is not supported: AH is never offered'],
    ['ah=sha2_256', 'error: ah= is not supported yet: AH is never offered'],
    ['ikev2=no', 'error: ikev2=no is not supported: it asks for IKEv1'],
    ['ikev2=never', 'error: ikev2=no is not supported'],
    ['keyexchange=ikev1', 'error: keyexchange=ikev1 is not supported: IKEv1'],
    ['leftrsasigkey2=0sAQ', 'error: leftrsasigkey2= is not supported yet'],
    ['dns-match-id=yes', 'error: dns-match-id= is not supported yet'],
    ['ipsec-interface=yes', 'error: ipsec-interface= is not supported yet: no XFRM interface is made'],
    ['failureshunt=reject', 'note: failureshunt=reject discards without an ICMP message'],
    ['ppk=insist', 'error: ppk= is not supported yet'],
    ['ppk=yes', 'warning: ppk= is not supported yet'],
    ['sha2-truncbug=yes', 'error: sha2-truncbug= is not supported yet'],
    ['mobike=yes', 'warning: mobike= is not supported yet'],
    ['ikelifetime=0', 'warning: ikelifetime="0": an SA lives a day at most'],
    ['compress=yes', 'warning: compress= is not supported yet'],
    ['leftupdown-config=x', 'warning: leftupdown-config= is not supported yet'],
    ['leftnexthop=192.0.2.9', 'note: leftnexthop= is ignored'],
    ['dpdtimeout=30', 'note: dpdtimeout= is ignored'],
    ['labeled-ipsec=yes', 'error: labeled-ipsec=yes without policy-label='],
    ['forceencaps=yes', 'note: forceencaps= is obsolete: write encapsulation=yes'],
    ['leftsubnetwithin=10.0.0.0/8', 'error: leftsubnetwithin= is obsolete'],
    ['ike_frag=yes', 'note: ike_frag= is an obsolete name (expected fragmentation=)'],
    ['nat_keepalive=no', 'note: nat_keepalive= is an obsolete name (expected nat-keepalive=)'],
  ])('%s', (line, remark) => {
    const all = remarks(read(conn(line)));
    expect(
      all.map((each) => each.replace(/^\/c:6:\d+: /, '')).filter((each) => each.startsWith(remark)),
      all.join('\n'),
    ).toHaveLength(1);
  });

  test.each([
    'mobike=no',
    'compress=no',
    'rekey=no',
    'aggressive=no',
    'ppk=no',
    'phase2=esp',
    'leftmodecfgclient=no',
    'keyingtries=%forever',
    'keyingtries=3',
    'reauth=yes',
    'ipsec-max-bytes=1GiB',
    'dpdaction=hold',
    'leftupdown=%disabled',
    'leftupdown=""',
    'leftautheap=none',
    'rightca=%any',
    'leftsendcert=always',
    'sendca=all',
    'require-id-on-certificate=no',
    'failureshunt=none',
    'negotiationshunt=drop',
    'nic-offload=no',
    'ikev2=insist',
    'ikev2=propose',
    'keyexchange=ikev2',
    'keyexchange=ike',
    'tfc=0',
    'tfc=1400',
    'send-esp-tfc-padding-not-supported=yes',
    'failureshunt=drop',
    'mark=1/0xffffffff',
    'priority=0',
    'auto=route',
  ])('%s asks for nothing more', (line) => {
    expect(remarks(read(conn(line)))).toEqual([]);
  });
});

test('values are checked even of what is not supported', () => {
  expect(
    errors(read(conn('pfs=maybe', 'mobike=perhaps', 'salifetime=soon', 'leftikeport=99999', 'auto=bogus'))),
  ).toEqual([
    '/c:5:6: error: pfs=: "maybe" is not one of its values (expected yes or no)',
    '/c:6:9: error: mobike=: "perhaps" is not one of its values (expected yes or no)',
    '/c:7:13: error: salifetime=: "soon" is not a time (expected a number with ms, s, m, h, d or w, such as 30s or 8h)',
    '/c:8:14: error: leftikeport=: "99999" is not such a number (expected a whole number from 1 to 65535)',
    '/c:9:7: error: auto=: "bogus" is not one of its values (expected ignore, add, start, ondemand or keep)',
  ]);
});

test('words of old HOWTOs get notes', () => {
  const old =
    'version 2.0\nconfig setup\n\tprotostack=netkey\n\tplutodebug="all"\n\tinterfaces="%defaultroute"\n\tnat_traversal=yes\n\tnhelpers=0\n\toe=off\n';
  const all = remarks(good(old + conn('labeled-ipsec=yes', 'policy-label=a:b:c:s0')));
  expect(all).toHaveLength(8);
  for (const each of all) expect(each).toMatch(/: note: /);
});
