/** Who may use which labels, for tests. */
import { formatLabel, type LabelAccess } from '../policy/label.ts';

/**
 * Access by a table, for tests: each label of a template, as text, with those of the flows that may use it. A `*` takes all.
 * `counted` hears of each question.
 */
export function labelTable(
  table: Readonly<Record<string, readonly string[]>>,
  counted: (flow: string, template: string) => void = () => {},
): LabelAccess {
  return {
    mode: 'selinux',
    denial(flow, template) {
      const [one, other] = [formatLabel(flow), formatLabel(template)];
      counted(one, other);
      const flows = table[other] ?? [];
      if (flows.includes(one) || flows.includes('*')) return undefined;
      return {
        check: 'polmatch',
        said: `denied { polmatch } scontext=${one} tcontext=${other} tclass=association`,
      };
    },
  };
}
