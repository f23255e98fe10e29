/** The names of protocols and ports that configurations use; of /etc/protocols and /etc/services. */

const protocols: Readonly<Record<string, number>> = {
  any: 0,
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  ipip: 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  icmpv6: 58,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  eigrp: 88,
  ospf: 89,
  ospfigp: 89,
  pim: 103,
  ipcomp: 108,
  comp: 108,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  'mobility-header': 135,
  mh: 135,
  udplite: 136,
};

const ports: Readonly<Record<string, number>> = {
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  imap2: 143,
  imap: 143,
  snmp: 161,
  'snmp-trap': 162,
  bgp: 179,
  ldap: 389,
  https: 443,
  isakmp: 500,
  submission: 587,
  syslog: 514,
  ldaps: 636,
  imaps: 993,
  pop3s: 995,
  l2f: 1701,
  l2tp: 1701,
  radius: 1812,
  'radius-acct': 1813,
  nfs: 2049,
  mysql: 3306,
  'ipsec-nat-t': 4500,
  sip: 5060,
  'sip-tls': 5061,
  postgresql: 5432,
  'http-alt': 8080,
};

/** The number of a protocol by its name; undefined when the name is not known. */
export function protocolByName(name: string): number | undefined {
  return byName(protocols, name);
}

/** The number of a port by its name; undefined when the name is not known. */
export function portByName(name: string): number | undefined {
  return byName(ports, name);
}

function byName(table: Readonly<Record<string, number>>, name: string): number | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(table, lower) ? table[lower] : undefined;
}
