import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';
import { client } from './graphql/client';
import { loadMessages } from './messages/catalogue';
import { router } from './routes';
import { type SignInProblem, startSession, useSession } from './session/session';
import { SignInPage } from './session/sign-in';
import './styles.css';

function Studio({ problem }: { problem: SignInProblem | null }) {
  return useSession().state === 'out' ? <SignInPage problem={problem} /> : <RouterProvider router={router} />;
}

const [problem] = await Promise.all([startSession(), loadMessages()]);
createRoot(document.getElementById('studio') as HTMLElement).render(
  <StrictMode>
    <Provider value={client}>
      <Studio problem={problem} />
    </Provider>
  </StrictMode>,
);
