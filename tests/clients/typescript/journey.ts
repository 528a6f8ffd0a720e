// Take a whole test and a whole workshop with the generated types, and print the results.
// The arguments are the server's address and the operator's password.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type Completed = components["schemas"]["CompletedOut"];

declare const process: { argv: string[] }; // a global of Node.js
const [url, password] = process.argv.slice(2) as [string, string];
const student = createClient<paths>({ baseUrl: url });
const operator = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${password}` } });

/** The body of a successful response; an error ends the program. */
function success<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

async function takeTest() {
  const questions = Array.from({ length: 9 }, (_, index) => ({
    id: `typescript-${index + 1}`,
    content: "What is 2 + 2?",
    options: ["3", "4"],
    correct_answer: "4",
    concepts: [1, 0.5],
    difficulty: (index + 1) / 10,
  }));
  const upload = success(await operator.POST("/api/questions/upload", { body: { questions } }));
  const started = success(
    await student.POST("/api/test/start", {
      body: {
        student_id: "typescript-student",
        question_pool_id: upload.question_pool_id,
        concept_names: ["Products", "Sums"],
        end_criteria: { type: "fixed_length", max_questions: 5 },
      },
    }),
  );
  const { session_id } = started;
  const answer = await answerAll(session_id, started.next_question.id);
  const ended = success(await student.POST("/api/test/end", { body: { session_id } }));
  const status = success(await student.GET("/api/test/status/{session_id}", { params: { path: { session_id } } }));
  const results = success(
    await student.GET("/api/student/{student_id}/proficiency", {
      params: { path: { student_id: "typescript-student" }, header: { "X-Session-Id": session_id } },
    }),
  );
  const late = await student.POST("/api/test/submit", { body: { session_id, question_id: "another", response: 0 } });
  const invalid = await student.POST("/api/test/submit", { body: { session_id, question_id: "x", response: -1 } });
  const unknown = await student.GET("/api/test/status/{session_id}", {
    params: { path: { session_id: "00000000-0000-0000-0000-000000000001" } },
  });
  const refused = invalid.error as components["schemas"]["SubmitAnswerInvalidInputError"];
  return {
    uploaded: upload.count,
    status: answer.status,
    answers: answer.total_questions,
    accuracy: ended.summary?.accuracy,
    is_active: status.is_active,
    concepts: results.concept_names,
    same_result: JSON.stringify(results.proficiency) === JSON.stringify(ended.final_proficiency),
    too_late: late.error?.code,
    invalid: refused.details?.[0]?.field,
    unknown: unknown.error?.code,
  };
}

/** Answer every question correctly. */
async function answerAll(session_id: string, first: string): Promise<Completed> {
  let question_id = first;
  for (;;) {
    const answer = success(await student.POST("/api/test/submit", { body: { session_id, question_id, response: 1 } }));
    if (answer.status === "completed") return answer;
    question_id = answer.next_question.id;
  }
}

async function takeWorkshop() {
  const session = success(
    await student.POST("/api/generate-session", { body: { studentEmail: "typescript@example.com" } }),
  );
  const header = { "X-Session-Token": session.sessionToken };
  const sessionToken = session.sessionToken;
  let steps = 0;
  for (let stepNumber = 1; stepNumber <= 9; stepNumber++) {
    const recorded = await student.POST("/api/student-progress", {
      body: { sessionToken, stepNumber, completed: true, timeSpent: 60 },
      params: { header: { "Idempotency-Key": `${stepNumber}` } },
    });
    steps = success(recorded).progress.step_progress.length;
  }
  const voice = "en-US-Journey-O";
  const saved = success(await student.POST("/api/student-config-save", { body: { sessionToken, selectedVoice: voice } }));
  const stale = await student.POST("/api/student-config-save", {
    body: { sessionToken, selectedVoice: "another", version: saved.version - 1 },
  });
  const lookup = success(await student.GET("/api/student-progress", { params: { header } }));
  if (!("progress" in lookup)) throw new Error("a token leads to one session");
  const config = success(await student.GET("/api/student-config-get", { params: { header } }));
  const outsider = await student.GET("/api/workshop-analytics");
  return {
    steps,
    completion: lookup.progress.completion_rate,
    seconds: lookup.progress.total_time_spent,
    voice: config.config.selectedVoice,
    stale: stale.error?.code,
    completed: success(await operator.GET("/api/workshop-analytics")).totals.completedSessions,
    outsider: outsider.error?.code,
  };
}

const health = success(await student.GET("/health"));
console.log(JSON.stringify({ health: health.status, test: await takeTest(), workshop: await takeWorkshop() }));
