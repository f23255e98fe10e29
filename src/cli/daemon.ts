/** `ikev2 daemon`: the daemon itself, in the foreground. */
import { appendFileSync, openSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { type KernelName, kernelNames } from '../daemon/data-plane.ts';
import { decideLabels, type LabelChoice, labelChoices } from '../daemon/labels.ts';
import { type Logger, type LogLevel, makeLog } from '../daemon/log.ts';
import { defaultControl } from '../daemon/paths.ts';
import { fileSource, type Loaded } from '../daemon/policy-source.ts';
import { CommandError, perform } from './failure.ts';
import { type ConfigOptions, jsonOption, port, withConfig } from './options.ts';

interface DaemonCommandOptions extends ConfigOptions {
  readonly ikePort?: number;
  readonly natPort?: number;
  readonly kernel: KernelName;
  readonly tun?: string;
  readonly labels: LabelChoice;
  readonly control: string;
  readonly keyLog?: string;
  readonly espKeyLog?: string;
  readonly pcap?: string;
  readonly record?: string;
  readonly withSecrets?: boolean;
  readonly logLevel?: LogLevel;
  readonly json?: boolean;
}

export function add(program: Command): void {
  withConfig(program.command('daemon'))
    .description('run the daemon in the foreground; SIGHUP reloads, SIGTERM stops')
    .option('--ike-port <port>', 'UDP port for IKE, 0 for a free one (default: 500)', port)
    .option(
      '--nat-port <port>',
      'UDP port for IKE and ESP behind NAT, 0 for a free one (default: 4500)',
      port,
    )
    .addOption(
      new Option(
        '--kernel <name>',
        "data plane; auto: the kernel's own if it can do ESP, else in user space (give --tun too)",
      )
        .choices(kernelNames)
        .default('auto'),
    )
    .option(
      '--tun <name>',
      "TUN device to carry the traffic of this host, where ESP is in user space: --kernel userspace, or auto without the kernel's",
    )
    .addOption(
      new Option(
        '--labels <who>',
        'who decides on security labels: selinux, or simple (they are equal or not)',
      )
        .choices(labelChoices)
        .default('auto'),
    )
    .option('--control <path>', 'control socket to make', defaultControl())
    .option('--key-log <file>', "add IKE keys to it, as lines of Wireshark's ikev2_decryption_table")
    .option('--esp-key-log <file>', "add ESP keys to it, as lines of Wireshark's esp_sa")
    .option('--pcap <file>', 'write every datagram sent and received to it, as pcapng')
    .option('--record <file>', 'write the run to it, for: ikev2 replay')
    .option('--with-secrets', 'record keys too: then the run can be made again to the same octets')
    .addOption(
      new Option(
        '--log-level <level>',
        'least level to log (default: info, or debug with plutodebug=)',
      ).choices(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    )
    .addOption(jsonOption())
    .action((options: DaemonCommandOptions) => perform(options, () => run(options)));
}

async function run(options: DaemonCommandOptions): Promise<void> {
  if (options.withSecrets && options.record === undefined)
    throw new CommandError('--with-secrets says what --record keeps: give --record too', 2);
  if (options.tun !== undefined && options.kernel !== 'userspace' && options.kernel !== 'auto')
    throw new CommandError('--tun is the device of ESP in user space: --kernel userspace or auto', 2);
  const labels = decideLabels(options.labels);
  const source = fileSource({ ...options, labels });
  const daemon = await startDaemon({
    ...options,
    labels,
    source,
    log: (settings) => logFor(options, settings),
  });
  process.on('SIGHUP', () => void daemon.reload().catch(() => {}));
  await stopped(daemon);
  process.exit(0);
}

/** A second signal does not wait for the peers. */
function stopped(daemon: Daemon): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(1);
      asked = true;
      void daemon.stop();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    void daemon.ended.then(resolve);
  });
}

/** With `--json` on stdout; else to `logfile=`, else on stderr. */
function logFor(options: DaemonCommandOptions, settings: Loaded['settings']): Logger {
  const level = options.logLevel ?? (settings?.debug ? 'debug' : 'info');
  if (options.json)
    return makeLog({ level, format: 'json', write: (line) => void process.stdout.write(line) });
  const file = settings?.logFile;
  if (file === undefined) return makeLog({ level, format: 'text' });
  const fd = openLog(file, settings?.logAppend ?? true);
  return makeLog({ level, format: 'text', write: (line) => appendFileSync(fd, line) });
}

function openLog(file: string, append: boolean): number {
  try {
    return openSync(file, append ? 'a' : 'w', 0o640);
  } catch (error) {
    throw new CommandError(`logfile=${file}: ${error instanceof Error ? error.message : error}`);
  }
}
