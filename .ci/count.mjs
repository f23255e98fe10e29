// count.mjs REPORT BROKEN EXIT: sums a vitest JSON report, BROKEN failures from elsewhere, and a bad EXIT of the
// tests that the report does not explain. The exit code is 1 unless all passed.
import { readFileSync } from 'node:fs';

const [path, broken, exit] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
const text = readFileSync(path, 'utf8');
const files = text === '' ? [] : JSON.parse(text).testResults;
for (const file of files) {
  const count = (status) => file.assertionResults.filter((test) => test.status === status).length;
  passed += count('passed');
  skipped += file.assertionResults.length - count('passed') - count('failed');
  // A file that could not be loaded, or whose hooks failed, has failed even without a failed test.
  failed += count('failed') || (file.status === 'failed' ? 1 : 0);
}
if (failed === 0 && exit !== '0') failed = 1;
failed += Number(broken);
if (skipped > 0) console.log(`${skipped} skipped, each named above with its reason`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
