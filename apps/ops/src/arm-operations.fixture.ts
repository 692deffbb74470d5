// For tests: Resource Manager's long-running operations, both ways there are. Azure-AsyncOperation names an address that always
// answers 200 and says the state in its body; Location names one that answers 202 until it is over, then with the result.
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'

export interface Failure {
  code: string
  message: string
}
interface Operation {
  pollsLeft: number
  finish: () => object
  failure: Failure | undefined
}

export function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export const refuse = (response: ServerResponse, status: number, error: Failure, headers = {}): void =>
  send(response, status, { error }, headers)

export function createOperations(origin: () => string, subscription: string) {
  const operations = new Map<string, Operation>()
  const polledAt: number[] = []
  const state = {
    /** Seconds between two looks, as the server wants them. */
    retryAfter: '0',
    /** Looks until it is over; the clients look twice at once. */
    polls: 2,
    /** How the next operation ends, where it fails. */
    nextFailure: undefined as Failure | undefined,
    polledAt,
    /** Header of the answer that begins an operation; `finish` is called when it is over. */
    begin(way: 'azure-asyncoperation' | 'location', finish: () => object): Record<string, string> {
      const id = randomBytes(6).toString('hex')
      const kind = way === 'location' ? 'operationResults' : 'operationStatuses'
      operations.set(id, { pollsLeft: state.polls, finish, failure: state.nextFailure })
      state.nextFailure = undefined
      const path = `/subscriptions/${subscription}/providers/Microsoft.App/locations/westeurope/${kind}/${id}`
      return { [way]: `${origin()}${path}?api-version=2025-07-01`, 'retry-after': state.retryAfter }
    },
    /** @returns whether the path was an operation's */
    answer(pathname: string, response: ServerResponse): boolean {
      const [, kind, id = ''] = /\/(operationStatuses|operationResults)\/(\w+)$/.exec(pathname) ?? []
      if (kind === undefined) return false
      const operation = operations.get(id)
      if (!operation) {
        refuse(response, 404, { code: 'OperationNotFound', message: `${id} was not found.` })
        return true
      }
      polledAt.push(performance.now())
      operation.pollsLeft -= 1
      const isOver = operation.pollsLeft <= 0
      const again = { 'retry-after': state.retryAfter }
      const { failure } = operation
      if (kind === 'operationStatuses') {
        if (!isOver) send(response, 200, { id: pathname, status: 'InProgress' }, again)
        else if (failure) send(response, 200, { id: pathname, status: 'Failed', error: failure })
        else send(response, 200, { id: pathname, status: 'Succeeded', properties: operation.finish() })
      } else if (!isOver)
        send(response, 202, {}, { ...again, location: `${origin()}${pathname}?api-version=2025-07-01` })
      else if (failure) refuse(response, 400, failure)
      else send(response, 200, operation.finish())
      return true
    },
  }
  return state
}
