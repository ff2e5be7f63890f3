// The page's own tables of messages, reactions and votes.

declare namespace WA {
  /** A row holds its message's fields as they are stored: some are encrypted, unless they are requested decrypted. */
  interface Row {
    id: string;
    /** The order in which the device received the messages; history ends at 1,000,000,000. */
    rowId: number;
    type: string;
    t: number;
    ack?: number;
    protocolMessageKey?: MsgKey | string;
  }

  interface ReactionRow {
    msgKey: string;
    parentMsgKey: string;
    senderUserJid: string;
    /** Empty if the reaction was taken back. */
    reactionText?: string;
    timestamp: number;
  }

  /** All reactions to a message; `id` is the message's key. */
  interface Reactions {
    id: MsgKey;
    reactions?: Partial<Emitter<'add' | 'remove' | 'change:senders'>>;
  }

  interface Vote {
    msgKey: MsgKey | string;
    parentMsgKey: MsgKey | string;
    sender: Wid | string;
    /** A buffer in a row, an array in a model. */
    selectedOptionLocalIds?: ArrayBuffer | number[];
    senderTimestampMs?: number;
  }

  interface Part {
    limit?: number;
    /** Start at the end of the index. */
    reverse?: boolean;
  }

  /** Both bounds are excluded unless they are included here. */
  interface Range extends Part {
    lowerInclusive?: boolean;
    upperInclusive?: boolean;
  }

  interface Table<R, Index extends keyof R | 'internalId' = keyof R> {
    /** The last argument of these methods, if given, must be false: rows stay encrypted. */
    all(what?: Part & { index?: [Index] }, decrypted?: false): Promise<R[]>;
    between<B extends string | number>(index: [Index], low: B, high: B, range: Range, decrypted?: false): Promise<R[]>;
    anyOf(index: [Index], values: string[]): Promise<R[]>;
    bulkGet(ids: string[]): Promise<(R | undefined)[]>;
    get(id: string, decrypted?: false): Promise<R | undefined>;
  }
}
