/** The structs of linux/xfrm.h and linux/netlink.h. Fields have the names they have there. */
import { be16, be32, octets, s32, struct, text, u8, u16, u32, u64, type ValueOf } from './struct.ts';

/** xfrm_address_t: an IPv4 address is in the first 4 of its 16 octets. */
export const address = octets(16, 4);

/** struct nlmsghdr. */
export const nlmsghdr = struct('nlmsghdr', {
  nlmsg_len: u32,
  nlmsg_type: u16,
  nlmsg_flags: u16,
  nlmsg_seq: u32,
  nlmsg_pid: u32,
});
export interface Nlmsghdr extends ValueOf<typeof nlmsghdr> {}

/** struct nlattr. */
export const nlattr = struct('nlattr', { nla_len: u16, nla_type: u16 });

/** struct nlmsgerr: `error` is 0 or a negative errno, `msg` the header of the request it answers. */
export const nlmsgerr = struct('nlmsgerr', { error: s32, msg: nlmsghdr });

/** struct xfrm_id. */
export const id = struct('xfrm_id', { daddr: address, spi: be32, proto: u8 });
export interface Id extends ValueOf<typeof id> {}

/** struct xfrm_selector. */
export const selector = struct('xfrm_selector', {
  daddr: address,
  saddr: address,
  dport: be16,
  dport_mask: be16,
  sport: be16,
  sport_mask: be16,
  family: u16,
  prefixlen_d: u8,
  prefixlen_s: u8,
  proto: u8,
  ifindex: s32,
  user: u32,
});
export interface Selector extends ValueOf<typeof selector> {}

/** struct xfrm_lifetime_cfg. */
export const lifetimeCfg = struct('xfrm_lifetime_cfg', {
  soft_byte_limit: u64,
  hard_byte_limit: u64,
  soft_packet_limit: u64,
  hard_packet_limit: u64,
  soft_add_expires_seconds: u64,
  hard_add_expires_seconds: u64,
  soft_use_expires_seconds: u64,
  hard_use_expires_seconds: u64,
});
export interface LifetimeCfg extends ValueOf<typeof lifetimeCfg> {}

/** struct xfrm_lifetime_cur. Times are seconds of the wall clock. */
export const lifetimeCur = struct('xfrm_lifetime_cur', {
  bytes: u64,
  packets: u64,
  add_time: u64,
  use_time: u64,
});
export interface LifetimeCur extends ValueOf<typeof lifetimeCur> {}

/** struct xfrm_replay_state. */
export const replayState = struct('xfrm_replay_state', { oseq: u32, seq: u32, bitmap: u32 });

/** struct xfrm_replay_state_esn without `bmp`, which follows it: `bmp_len` words; of a request they may be left out. */
export const replayStateEsn = struct('xfrm_replay_state_esn', {
  bmp_len: u32,
  oseq: u32,
  seq: u32,
  oseq_hi: u32,
  seq_hi: u32,
  replay_window: u32,
});

/** struct xfrm_algo without `alg_key`, which follows it: `alg_key_len` bits. */
export const algo = struct('xfrm_algo', { alg_name: text(64), alg_key_len: u32 });

/** struct xfrm_algo_auth, likewise. */
export const algoAuth = struct('xfrm_algo_auth', {
  alg_name: text(64),
  alg_key_len: u32,
  alg_trunc_len: u32,
});

/** struct xfrm_algo_aead, likewise; the salt is part of the key. */
export const algoAead = struct('xfrm_algo_aead', { alg_name: text(64), alg_key_len: u32, alg_icv_len: u32 });

/** struct xfrm_stats. */
export const stats = struct('xfrm_stats', { replay_window: u32, replay: u32, integrity_failed: u32 });

/** struct xfrm_user_sec_ctx without the context of `ctx_len` octets that follows it; `len` counts both. */
export const userSecCtx = struct('xfrm_user_sec_ctx', {
  len: u16,
  exttype: u16,
  ctx_alg: u8,
  ctx_doi: u8,
  ctx_len: u16,
});

/** struct xfrm_user_tmpl. */
export const userTmpl = struct('xfrm_user_tmpl', {
  id,
  family: u16,
  saddr: address,
  reqid: u32,
  mode: u8,
  share: u8,
  optional: u8,
  aalgos: u32,
  ealgos: u32,
  calgos: u32,
});
export interface UserTmpl extends ValueOf<typeof userTmpl> {}

/** struct xfrm_encap_tmpl. */
export const encapTmpl = struct('xfrm_encap_tmpl', {
  encap_type: u16,
  encap_sport: be16,
  encap_dport: be16,
  encap_oa: address,
});
export interface EncapTmpl extends ValueOf<typeof encapTmpl> {}

/** struct xfrm_mark. */
export const mark = struct('xfrm_mark', { v: u32, m: u32 });

/** struct xfrm_userpolicy_type. */
export const userPolicyType = struct('xfrm_userpolicy_type', { type: u8, reserved1: u16, reserved2: u8 });

/** struct xfrm_usersa_info. */
export const userSaInfo = struct('xfrm_usersa_info', {
  sel: selector,
  id,
  saddr: address,
  lft: lifetimeCfg,
  curlft: lifetimeCur,
  stats,
  seq: u32,
  reqid: u32,
  family: u16,
  mode: u8,
  replay_window: u8,
  flags: u8,
});
export interface UserSaInfo extends ValueOf<typeof userSaInfo> {}

/** struct xfrm_usersa_id. */
export const userSaId = struct('xfrm_usersa_id', { daddr: address, spi: be32, family: u16, proto: u8 });
export interface UserSaId extends ValueOf<typeof userSaId> {}

/** struct xfrm_aevent_id. */
export const aeventId = struct('xfrm_aevent_id', { sa_id: userSaId, saddr: address, flags: u32, reqid: u32 });

/** struct xfrm_userspi_info. */
export const userSpiInfo = struct('xfrm_userspi_info', { info: userSaInfo, min: u32, max: u32 });

/** struct xfrm_userpolicy_info. */
export const userPolicyInfo = struct('xfrm_userpolicy_info', {
  sel: selector,
  lft: lifetimeCfg,
  curlft: lifetimeCur,
  priority: u32,
  index: u32,
  dir: u8,
  action: u8,
  flags: u8,
  share: u8,
});
export interface UserPolicyInfo extends ValueOf<typeof userPolicyInfo> {}

/** struct xfrm_userpolicy_id. */
export const userPolicyId = struct('xfrm_userpolicy_id', { sel: selector, index: u32, dir: u8 });

/** struct xfrm_user_acquire. */
export const userAcquire = struct('xfrm_user_acquire', {
  id,
  saddr: address,
  sel: selector,
  policy: userPolicyInfo,
  aalgos: u32,
  ealgos: u32,
  calgos: u32,
  seq: u32,
});

/** struct xfrm_user_expire. */
export const userExpire = struct('xfrm_user_expire', { state: userSaInfo, hard: u8 });

/** struct xfrm_user_polexpire. */
export const userPolExpire = struct('xfrm_user_polexpire', { pol: userPolicyInfo, hard: u8 });

/** struct xfrm_usersa_flush. */
export const userSaFlush = struct('xfrm_usersa_flush', { proto: u8 });

/** struct xfrm_user_report. */
export const userReport = struct('xfrm_user_report', { proto: u8, sel: selector });

/** struct xfrm_user_kmaddress. */
export const userKmAddress = struct('xfrm_user_kmaddress', {
  local: address,
  remote: address,
  reserved: u32,
  family: u16,
});

/** struct xfrm_user_migrate. */
export const userMigrate = struct('xfrm_user_migrate', {
  old_daddr: address,
  old_saddr: address,
  new_daddr: address,
  new_saddr: address,
  proto: u8,
  mode: u8,
  reserved: u16,
  reqid: u32,
  old_family: u16,
  new_family: u16,
});
export interface UserMigrate extends ValueOf<typeof userMigrate> {}

/** struct xfrm_user_mapping. */
export const userMapping = struct('xfrm_user_mapping', {
  id: userSaId,
  reqid: u32,
  old_saddr: address,
  new_saddr: address,
  old_sport: be16,
  new_sport: be16,
});

/** struct xfrm_address_filter. */
export const addressFilter = struct('xfrm_address_filter', {
  saddr: address,
  daddr: address,
  family: u16,
  splen: u8,
  dplen: u8,
});

/** struct xfrm_user_offload. */
export const userOffload = struct('xfrm_user_offload', { ifindex: s32, flags: u8 });

/** struct xfrm_userpolicy_default. */
export const userPolicyDefault = struct('xfrm_userpolicy_default', { in: u8, fwd: u8, out: u8 });

/** struct xfrmu_sadhinfo. */
export const sadHinfo = struct('xfrmu_sadhinfo', { sadhcnt: u32, sadhmcnt: u32 });

/** struct xfrmu_spdinfo. */
export const spdInfo = struct('xfrmu_spdinfo', {
  incnt: u32,
  outcnt: u32,
  fwdcnt: u32,
  inscnt: u32,
  outscnt: u32,
  fwdscnt: u32,
});

/** struct xfrmu_spdhinfo. */
export const spdHinfo = struct('xfrmu_spdhinfo', { spdhcnt: u32, spdhmcnt: u32 });

/** struct xfrmu_spdhthresh. */
export const spdHthresh = struct('xfrmu_spdhthresh', { lbits: u8, rbits: u8 });

/** The `__u32 flags` before the attributes of SAD and SPD information. */
export const infoFlags = struct('__u32', { flags: u32 });

/** The body of messages that have none. */
export const nothing = struct('', {});
