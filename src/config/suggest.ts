/** The name that was most likely meant by `wrong`, or undefined when none is close. */
export function closestName(wrong: string, names: Iterable<string>): string | undefined {
  const folded = foldName(wrong);
  // A short name has many others within two letters of it, so it is given less room.
  let least = folded.length < 5 ? 2 : 3;
  let closest: string | undefined;
  for (const name of names) {
    const distance = editDistance(folded, foldName(name));
    if (distance < least) {
      least = distance;
      closest = name;
    }
  }
  return closest;
}

/** The same for `maxSize`, `max_size` and `MAXSIZE`. */
export function foldName(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
