/** Echoes through a Child SA, one after the other, whatever the data plane. */
import type { Ping, PingReply, PingTarget } from '../kernel/echoes.ts';
import type { Kernel } from '../kernel/port.ts';
import { ControlError, type EchoOutcome } from './control-protocol.ts';
import { systemEchoes } from './system-ping.ts';

/** Milliseconds an echo is waited for. */
export const patience = 2_000;

export interface PingResult {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly received: number;
}

/** The child that is to carry echoes. */
export interface PingedChild {
  readonly reqid: number;
  /** Traffic selectors in text. */
  readonly local: string;
  readonly remote: string;
}

/** An echo on its way. */
export interface SentEcho {
  readonly from: string;
  readonly to: string;
  /** Undefined when nothing came back within `patience`. */
  readonly reply: Promise<Pick<PingReply, 'from' | 'size' | 'milliseconds'> | undefined>;
}

/** Sends one echo through a child; throws, or its `reply` rejects with, ControlError when the child carries none to there. */
export type SendEcho = (child: PingedChild, to: string | undefined) => SentEcho;

/** A data plane that makes echoes itself. */
export interface Pinging {
  /** `reply` is called once, if the answer comes. Undefined when there is no SA, or its selectors leave no room. */
  ping(target: PingTarget & { readonly reqid: number }, reply: (reply: PingReply) => void): Ping | undefined;
}

/** How echoes go out by a data plane. Throws ControlError NOT_SUPPORTED where nothing goes out. */
export function echoesOf(kernel: Kernel): SendEcho {
  if (isPinging(kernel)) return ownEchoes(kernel);
  if (kernel.name === 'memory') {
    const text = `the ${kernel.name} data plane carries no packets: start the daemon with --kernel userspace`;
    throw new ControlError('NOT_SUPPORTED', text);
  }
  return systemEchoes();
}

/** Throws ControlError as `send` does. */
export async function pingChild(
  send: SendEcho,
  child: PingedChild,
  to: string | undefined,
  count: number,
  heard: (line: string, echo: EchoOutcome) => void,
  signal: AbortSignal,
): Promise<PingResult> {
  let ends: { from: string; to: string } | undefined;
  let received = 0;
  let sequence = 0;
  while (sequence < count && !signal.aborted) {
    const echo = send(child, to);
    sequence++;
    ends = { from: echo.from, to: echo.to };
    const reply = await echo.reply;
    if (reply) received++;
    const text = reply
      ? `${reply.size} octets from ${reply.from}: seq=${sequence} time=${reply.milliseconds.toFixed(1)} ms`
      : `no reply from ${echo.to}: seq=${sequence} within ${patience} ms`;
    heard(text, { ...ends, sequence, milliseconds: reply?.milliseconds ?? null });
  }
  return { from: ends?.from ?? '', to: ends?.to ?? '', sent: sequence, received };
}

/** No child carries an echo to `to`. */
export function noRoom(to: string | undefined, why: string): ControlError {
  const what = to === undefined ? 'an echo' : `an echo to ${to}`;
  return new ControlError('NOT_ESTABLISHED', `no child carries ${what}: ${why}`);
}

const isPinging = (kernel: Kernel): kernel is Kernel & Pinging => 'ping' in kernel;

/** Through the newest SA of a reqid. */
function ownEchoes(kernel: Pinging): SendEcho {
  return ({ reqid }, to) => {
    let answered: (reply: PingReply | undefined) => void = () => {};
    const reply = new Promise<PingReply | undefined>((resolve) => {
      answered = resolve;
    });
    const ping = kernel.ping({ reqid, ...(to !== undefined && { to }) }, (got) => answered(got));
    if (ping === undefined) throw noRoom(to, 'its traffic selectors leave no room for it');
    const timer = setTimeout(() => {
      ping.cancel();
      answered(undefined);
    }, patience);
    return { from: ping.from, to: ping.to, reply: reply.finally(() => clearTimeout(timer)) };
  };
}
