import type { CombinedError } from 'urql';
import { codeOf } from '../graphql/client';
import { m } from '../messages/catalogue';

/** What went wrong and what to do about it, in words. */
export function wordsFor(error: CombinedError): string {
  if (error.networkError) return m.problem.offline;
  if (codeOf(error) === 'FORBIDDEN') return m.problem.forbidden;
  return error.graphQLErrors[0]?.message ?? error.message;
}

export function ProblemNotice({ error, onRetry }: { error: CombinedError; onRetry?: () => void }) {
  return (
    <div className="notice problem" role="alert">
      <div>
        <strong>{m.problem.title}</strong>
        <p>{wordsFor(error)}</p>
      </div>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {m.problem.retry}
        </button>
      )}
    </div>
  );
}
