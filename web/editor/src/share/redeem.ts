/** Redeeming a share link, as a user or as a guest, whose token comes back. */

import { Rest } from '@coflow/react'

export interface Redeemed {
  workflowId: string
  userId: string
  /** A guest's; null for users. */
  token: string | null
}

export async function redeem(
  shareId: string,
  as: { name?: string; userId?: string; token?: string }
): Promise<Redeemed> {
  const answer = await new Rest({ userId: as.userId, token: as.token }).redeemShare(
    shareId,
    as.name
  )
  return { workflowId: answer.workflow_id, userId: answer.user_id, token: answer.token }
}
