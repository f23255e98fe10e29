/** What follows of a part of the policy, which stays the same from one handshake to the next. */
export function remembered<Part extends object, Found extends NonNullable<unknown>>(
  find: (part: Part) => Found,
): (part: Part) => Found {
  const known = new WeakMap<Part, Found>();
  return (part) => {
    let found = known.get(part);
    if (found === undefined) {
      found = find(part);
      known.set(part, found);
    }
    return found;
  };
}
