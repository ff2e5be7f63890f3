// What `receipts.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Row {
    latestEditMsgKey?: MsgKey | string;
  }

  /** What became of a message at one receiver, in seconds since the epoch. The account itself has a row as well. */
  interface ReceiptRow {
    msgKey: string;
    receiverUserJid: string;
    /** Absent for who told only that it was read. */
    delivery?: number;
    read?: number;
    played?: number;
  }

  interface Modules {
    WAWebSchemaMessageInfo: { getMessageInfoTable(): Table<ReceiptRow> };
  }
}

declare namespace Adapter {
  interface Capabilities {
    message_info: Modules['WAWebSchemaMessageInfo']['getMessageInfoTable'];
  }

  interface Receipt {
    phone: Text;
    lid: Text;
    delivered_s: Count;
    read_s: Count;
    played_s: Count;
  }

  interface Calls {
    receipts(argument: { message_id: string }): Promise<{ people: Receipt[] | null }>;
  }
}
