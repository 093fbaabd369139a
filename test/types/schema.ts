/** Entities as a program might declare them. */
export interface User {
  name: string;
  age?: number;
  born: Date;
  tags: string[];
  balance: bigint | null;
}

export interface Order {
  user: string;
  total: number;
}

export interface Schema {
  users: User;
  orders: Order;
}
