// Drives the study page's store in a browser for test_store_histories.py, without the page around it.
async ({ token, user, action, value, mishap = "none", skew = 0, crash = null }) => {
  const [{ openStore, ROWS, META }, queue, sync, { contentOf }, { isCorrect }, { apiWith }, { Problem }] = await Promise.all(
    ["offline/store.js", "offline/queue.js", "offline/sync.js", "offline/content.js", "offline/grade.js", "../shared/api.js", "../shared/problems.js"]
      .map((name) => import(new URL(name, new URL("/learn/", location.href)).href)),
  );
  const store = await openStore(user);
  const now = Date.now() + skew;
  const ALL = ["rows", "queue", "content", "meta"];
  try {
    if (action === "answer") {
      const content = await store.read(async (tables) => contentOf(await tables.get(META, "content"), await tables.all("content")));
      const question = content?.questions.get(value.question_id);
      await store.write((tables) => queue.addAnswer(tables, value, question ? isCorrect(question, value.answer) : null, now));
      return null;
    }
    if (action === "profile") {
      return await store.write(async (tables) => {
        const [row] = await tables.rows("student_profiles");
        if (!row) return null;
        await queue.changeProfile(tables, value, now);
        return [row.clocks, (await tables.get(ROWS, ["student_profiles", row.id])).clocks];
      });
    }
    if (action === "dump") {
      return await store.read(async (tables) => {
        const rowsByStore = Object.fromEntries(await Promise.all(ALL.slice(0, 3).map(async (name) => [name, await tables.all(name)])));
        const keys = ["device", "clock", "sync", "student", "content"];
        return { ...rowsByStore, meta: Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await tables.get(META, key)]))) };
      });
    }
    if (action === "restore") {
      await store.write(async (tables) => {
        for (const name of ALL) tables.of(name).clear();
        for (const name of ALL.slice(0, 3)) for (const row of value[name]) await tables.put(name, row);
        for (const [key, content] of Object.entries(value.meta)) if (content !== null && content !== undefined) await tables.put(META, content, key);
      });
      return null;
    }
    const direct = apiWith(mishap === "expired" ? "expired" : token);
    const api = async (method, path, options) => {
      const spoilt = method === "POST" && mishap !== "none";
      if (spoilt && mishap === "dropped") throw new Problem("offline");
      const reply = await direct(method, path, options);
      if (spoilt && mishap === "lost") throw new Problem("timeout");
      return spoilt && mishap === "twice" ? direct(method, path, options) : reply;
    };
    let writes = 0;
    const write = store.write.bind(store);
    store.write = (run) => {
      writes += 1;
      if (writes === crash) throw new Error("crash");
      return write(run);
    };
    try {
      const { repaired } = await sync.synchronise(store, api);
      return { repaired };
    } catch (error) {
      return { failed: error.kind ?? error.message };
    }
  } finally {
    store.close();
  }
}
