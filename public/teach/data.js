// All calls of the class page except those of the account.

const PAGE_SIZE = 200; // rows

/** @param {Function} api calls as the teacher */
export function dataOf(api) {
  const get = (path, signal, query) => api("GET", `/api/learning/${path}`, { query, signal });
  const post = (path, body) => api("POST", `/api/learning/${path}`, { body });

  /** All rows of a list whose pages have `next_cursor`. */
  const all = async (path, member, signal, query = {}) => {
    const rows = [];
    let cursor = null;
    do {
      const page = await get(path, signal, { ...query, limit: PAGE_SIZE, cursor });
      rows.push(...page[member]);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return rows;
  };

  return {
    classes: (signal) => all("classes", "classes", signal),

    /** A class with its members, what they know, their marks and their devices. */
    async overview(classId, signal) {
      const [{ class: ownClass, members }, analytics, { topics }, marks, devices] = await Promise.all([
        get(`classes/${encodeURIComponent(classId)}`, signal),
        get("class-analytics", signal, { class_id: classId }),
        get("topics", signal),
        all("exam-marks", "marks", signal, { class_id: classId }),
        all("devices", "devices", signal, { class_id: classId }),
      ]);
      return { ownClass, members, analytics, topics, marks, devices };
    },

    create: (body) => post("classes", body),
    change: (classId, body) => api("PUT", `/api/learning/classes/${encodeURIComponent(classId)}`, { body }),
    takeOut: (classId, studentId) => post(`classes/${encodeURIComponent(classId)}/move`, { student_ids: [studentId] }),
    saveMarks: (body) => post("exam-marks", body),
    draw: (classId) => post(`classes/${encodeURIComponent(classId)}/plan-arms`, { draw: true }),

    /** Take all members out of the comparison. */
    endArms: (classId, members) =>
      post(`classes/${encodeURIComponent(classId)}/plan-arms`, { students: members.map(({ student_id: id }) => ({ student_id: id, arm: null })) }),
  };
}
