/** Numbers of linux/netlink.h and linux/xfrm.h. The name of each is its uapi name without the group's prefix. */

/** `NLM_F_*`: bits of nlmsg_flags. */
export const NlmFlag = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  ECHO: 0x8,
  /** Of a part of a dump: what is dumped changed meanwhile. */
  DUMP_INTR: 0x10,
  /** Of NEWAE: the values take the place of those there are. */
  REPLACE: 0x100,
  /** NLM_F_ROOT and NLM_F_MATCH: every object, in parts. */
  DUMP: 0x300,
  /** Of NLMSG_ERROR: the request's body is not repeated. */
  CAPPED: 0x100,
  /** Of NLMSG_ERROR: extended acknowledgement attributes follow. */
  ACK_TLVS: 0x200,
} as const;

/** `NLMSG_*`: message types every netlink family has. */
export const NlmsgType = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** `NLMSGERR_ATTR_*`: what an extended acknowledgement tells. */
export const NlmsgerrAttribute = { MSG: 1, OFFS: 2 } as const;

/** `XFRM_MSG_*`. */
export const MessageType = {
  NEWSA: 16,
  DELSA: 17,
  GETSA: 18,
  NEWPOLICY: 19,
  DELPOLICY: 20,
  GETPOLICY: 21,
  ALLOCSPI: 22,
  ACQUIRE: 23,
  EXPIRE: 24,
  UPDPOLICY: 25,
  UPDSA: 26,
  POLEXPIRE: 27,
  FLUSHSA: 28,
  FLUSHPOLICY: 29,
  NEWAE: 30,
  GETAE: 31,
  REPORT: 32,
  MIGRATE: 33,
  NEWSADINFO: 34,
  GETSADINFO: 35,
  NEWSPDINFO: 36,
  GETSPDINFO: 37,
  MAPPING: 38,
  SETDEFAULT: 39,
  GETDEFAULT: 40,
} as const;

/** `XFRMA_*`: attributes of SAs, policies and what happens to them. */
export const AttributeType = {
  ALG_AUTH: 1,
  ALG_CRYPT: 2,
  ALG_COMP: 3,
  ENCAP: 4,
  TMPL: 5,
  SA: 6,
  POLICY: 7,
  SEC_CTX: 8,
  LTIME_VAL: 9,
  REPLAY_VAL: 10,
  REPLAY_THRESH: 11,
  ETIMER_THRESH: 12,
  SRCADDR: 13,
  COADDR: 14,
  LASTUSED: 15,
  POLICY_TYPE: 16,
  MIGRATE: 17,
  ALG_AEAD: 18,
  KMADDRESS: 19,
  ALG_AUTH_TRUNC: 20,
  MARK: 21,
  TFCPAD: 22,
  REPLAY_ESN_VAL: 23,
  SA_EXTRA_FLAGS: 24,
  PROTO: 25,
  ADDRESS_FILTER: 26,
  PAD: 27,
  OFFLOAD_DEV: 28,
  SET_MARK: 29,
  SET_MARK_MASK: 30,
  IF_ID: 31,
  MTIMER_THRESH: 32,
  SA_DIR: 33,
  NAT_KEEPALIVE_INTERVAL: 34,
  SA_PCPU: 35,
  IPTFS_DROP_TIME: 36,
  IPTFS_REORDER_WINDOW: 37,
  IPTFS_DONT_FRAG: 38,
  IPTFS_INIT_DELAY: 39,
  IPTFS_MAX_QSIZE: 40,
  IPTFS_PKT_SIZE: 41,
} as const;

/** `XFRMA_SAD_*`: attributes of NEWSADINFO. */
export const SadAttributeType = { CNT: 1, HINFO: 2 } as const;

/** `XFRMA_SPD_*`: attributes of NEWSPDINFO. */
export const SpdAttributeType = { INFO: 1, HINFO: 2, IPV4_HTHRESH: 3, IPV6_HTHRESH: 4 } as const;

/** `XFRMNLGRP_*`: multicast groups. */
export const MulticastGroup = {
  ACQUIRE: 1,
  EXPIRE: 2,
  SA: 3,
  POLICY: 4,
  AEVENTS: 5,
  REPORT: 6,
  MIGRATE: 7,
  MAPPING: 8,
} as const;

/** `XFRM_MODE_*`. */
export const Mode = {
  TRANSPORT: 0,
  TUNNEL: 1,
  ROUTEOPTIMIZATION: 2,
  IN_TRIGGER: 3,
  BEET: 4,
} as const;

/** `XFRM_STATE_*`: bits of xfrm_usersa_info.flags. */
export const StateFlag = {
  NOECN: 1,
  DECAP_DSCP: 2,
  NOPMTUDISC: 4,
  WILDRECV: 8,
  ICMP: 16,
  AF_UNSPEC: 32,
  ALIGN4: 64,
  ESN: 128,
} as const;

/** `XFRM_SA_XFLAG_*`: bits of XFRMA_SA_EXTRA_FLAGS. */
export const ExtraFlag = { DONT_ENCAP_DSCP: 1, OSEQ_MAY_WRAP: 2 } as const;

/** `XFRM_SA_DIR_*`: values of XFRMA_SA_DIR. */
export const SaDirection = { IN: 1, OUT: 2 } as const;

/** `XFRM_POLICY_IN`, `_OUT`, `_FWD`. */
export const PolicyDirection = { IN: 0, OUT: 1, FWD: 2 } as const;

/** `XFRM_POLICY_ALLOW`, `_BLOCK`. */
export const PolicyAction = { ALLOW: 0, BLOCK: 1 } as const;

/** `XFRM_POLICY_LOCALOK`, `_ICMP`: bits of xfrm_userpolicy_info.flags. */
export const PolicyFlag = { LOCALOK: 1, ICMP: 2 } as const;

/** `XFRM_POLICY_TYPE_*`. */
export const PolicyType = { MAIN: 0, SUB: 1, ANY: 255 } as const;

/** `XFRM_USERPOLICY_*`: what traffic without a policy may do. */
export const DefaultPolicy = { UNSPEC: 0, BLOCK: 1, ACCEPT: 2 } as const;

/** `XFRM_SHARE_*`. */
export const Share = { ANY: 0, SESSION: 1, USER: 2, UNIQUE: 3 } as const;

/** `XFRM_OFFLOAD_*`. */
export const OffloadFlag = { IPV6: 1, INBOUND: 2, PACKET: 4 } as const;

/** `XFRM_AE_*`: bits of xfrm_aevent_id.flags. */
export const AeventFlag = { RTHR: 1, RVAL: 2, LVAL: 4, ETHR: 8, CR: 16, CE: 32, CU: 64 } as const;

/** `XFRM_SC_DOI_LSM`, `XFRM_SC_ALG_SELINUX`. */
export const SecurityContext = { DOI_LSM: 1, ALG_SELINUX: 1 } as const;

/** `UDP_ENCAP_ESPINUDP` and `TCP_ENCAP_ESPINTCP`: values of encap_type. */
export const Encapsulation = { ESPINUDP: 2, ESPINTCP: 7 } as const;

/** `AF_*`. */
export const AddressFamily = { UNSPEC: 0, INET: 2, INET6: 10 } as const;

/** `IPPROTO_*` as far as SAs have them. */
export const Protocol = { ESP: 50, AH: 51, DSTOPTS: 60, COMP: 108, ANY: 255 } as const;

/** `XFRM_INF`: a lifetime without end. */
export const INF = 0xffff_ffff_ffff_ffffn;

/** `XFRMA_REPLAY_ESN_MAX`: octets of the widest replay window's bitmap. */
export const REPLAY_ESN_MAX = 4096;
