/** Which server of a cluster answers, as far as it tells. */
export interface NodeIdentity {
  /** The name of the data: of all servers that were copied from each other, and of no others. */
  readonly cluster: string;
  /** A number that grows each time that a copy takes over; null for one that only follows, or does not say. */
  readonly timeline: number | null;
}

export type NodeVerdict =
  | {
      readonly is: "accepted";
      /** What later connections are held against. */
      readonly newest: NodeIdentity;
      /** Whether a copy has taken over, so that older connections lead to a server of the past. */
      readonly isNewer: boolean;
    }
  /** `because` completes "split brain: host:port …". */
  | { readonly is: "refused"; readonly because: string };

/**
 * Decides whether a server may be used, by the newest one that was seen. After a failover the old primary may come
 * back and take writes that nobody else will ever see: it has the same data's name, and a lower timeline.
 */
export function judgeNode(newest: NodeIdentity | undefined, node: NodeIdentity): NodeVerdict {
  if (newest === undefined) return { is: "accepted", newest: node, isNewer: false };
  if (node.cluster !== newest.cluster) {
    return {
      is: "refused",
      because:
        `holds other data (system identifier ${node.cluster}) than the servers that were used so far ` +
        `(${newest.cluster}); take it away from this address, or, if it is to be used from now on, close all handles and connect again`,
    };
  }
  if (node.timeline === null) return { is: "accepted", newest, isNewer: false };
  if (newest.timeline !== null && node.timeline < newest.timeline) {
    return {
      is: "refused",
      because:
        `is a primary of timeline ${node.timeline}, and timeline ${newest.timeline} has been seen: a failover has ` +
        "replaced it; stop it, and make it a standby of the new primary (pg_rewind)",
    };
  }
  return {
    is: "accepted",
    newest: node,
    isNewer: newest.timeline !== null && node.timeline > newest.timeline,
  };
}

/** Reads the second and third column of `Dialect.nodeIdentity`; undefined when they do not say. */
export function readIdentity(cluster: unknown, timeline: unknown): NodeIdentity | undefined {
  if (cluster === null || cluster === undefined || cluster === "") return undefined;
  const number = timeline === null || timeline === undefined ? Number.NaN : Number(timeline);
  return { cluster: String(cluster), timeline: Number.isSafeInteger(number) ? number : null };
}
