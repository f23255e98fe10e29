// A vitest reporter: each skipped test by its name, which says why, or with the note it skipped itself with.
export default class Skips {
  onTestCaseResult(test) {
    const { state, note } = test.result();
    if (state === 'skipped') console.log(`skipped: ${test.fullName}${note ? `: ${note}` : ''}`);
  }
}
