/** Echoes through a Child SA, one after the other. */
import type { PingReply, PingTarget } from '../kernel/echoes.ts';
import type { UserspaceKernel } from '../kernel/userspace.ts';
import { ControlError, type EchoOutcome } from './control-protocol.ts';

/** Milliseconds an echo is waited for. */
const patience = 2_000;

export interface PingResult {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly received: number;
}

/**
 * Sends `count` echoes through the newest SA of a reqid. Throws ControlError NOT_ESTABLISHED when there is none, or
 * none that may carry them.
 */
export async function pingChild(
  kernel: UserspaceKernel,
  target: PingTarget & { readonly reqid: number },
  count: number,
  heard: (line: string, echo: EchoOutcome) => void,
  signal: AbortSignal,
): Promise<PingResult> {
  let ends: { from: string; to: string } | undefined;
  let received = 0;
  let sent = 0;
  while (sent < count && !signal.aborted) {
    const echo = sendEcho(kernel, target);
    sent++;
    ends = { from: echo.from, to: echo.to };
    const reply = await echo.reply;
    if (reply) received++;
    const { from, to, sequence } = echo;
    const text = reply ? replyText(reply) : `no reply from ${to}: seq=${sequence} within ${patience} ms`;
    heard(text, { from, to, sequence, milliseconds: reply?.milliseconds ?? null });
  }
  return { from: ends?.from ?? '', to: ends?.to ?? '', sent, received };
}

function sendEcho(kernel: UserspaceKernel, target: PingTarget & { readonly reqid: number }) {
  let answered: (reply: PingReply | undefined) => void = () => {};
  const reply = new Promise<PingReply | undefined>((resolve) => {
    answered = resolve;
  });
  const ping = kernel.ping(target, (got) => answered(got));
  if (ping === undefined) {
    const where = target.to === undefined ? 'an echo' : `an echo to ${target.to}`;
    throw new ControlError(
      'NOT_ESTABLISHED',
      `no child carries ${where}: its traffic selectors leave no room for it`,
    );
  }
  const timer = setTimeout(() => {
    ping.cancel();
    answered(undefined);
  }, patience);
  return { ...ping, reply: reply.finally(() => clearTimeout(timer)) };
}

const replyText = ({ from, sequence, size, milliseconds }: PingReply): string =>
  `${size} octets from ${from}: seq=${sequence} time=${milliseconds.toFixed(1)} ms`;
