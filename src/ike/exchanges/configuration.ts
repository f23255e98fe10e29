/** INFORMATIONAL with a CFG_REQUEST: a client asks once more, or asks what else there is. RFC 7296 §2.19, §3.15. */
import { find } from '../../wire/message.ts';
import { CfgType, ExchangeType } from '../../wire/numbers.ts';
import type { Responder } from '../exchange.ts';
import { answerConfiguration } from '../extensions/configuration.ts';

export const configuration: Responder = {
  name: 'INFORMATIONAL (configuration)',
  type: ExchangeType.INFORMATIONAL,
  phases: ['established'],
  request: { required: ['configuration'] },
  matches: (_sa, request) => find(request, 'configuration')?.type === CfgType.REQUEST,
  respond: (sa, request, cx) => (sa.entry ? answerConfiguration(sa, sa.entry, request, cx) : []),
};
