/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include "http/problems.h"
#include "tuf/canon.h"
#include "json/fields.h"

int body_refuse_syntax(struct reply *reply, const struct fields_error *error)
{
    reply_problem(reply, &problems_malformed_json, "%s", error->text);
    if (error->line > 0) {
        reply_problem_member(reply, "line", json_integer(error->line));
        reply_problem_member(reply, "column", json_integer(error->column));
    }
    return BODY_E_REFUSED;
}

int body_refuse_field(struct reply *reply, int outcome, const struct fields_error *error)
{
    reply_problem(reply,
                  outcome == FIELDS_E_UNKNOWN ? &problems_unknown_field : &problems_invalid_field,
                  "%s", error->text);
    if (*error->path)
        reply_problem_member(reply, "field", json_string(error->path));
    if (*error->pointer)
        reply_problem_member(reply, "pointer", json_string(error->pointer));
    return BODY_E_REFUSED;
}

static int decode(const struct call *call, const struct shape *shape, json_t *root,
                  void *ret_object, struct reply *reply)
{
    struct fields_error error = {0};
    int r;

    r = fields_decode(shape, root, call->arena, ret_object, &error);
    if (r > 0)
        return body_refuse_field(reply, r, &error);
    return r;
}

int body_decode(const struct call *call, const struct shape *shape, json_t **ret_root,
                void *ret_object, struct reply *reply)
{
    struct fields_error error = {0};
    json_auto_t *root = NULL;
    size_t size;
    const char *bytes = request_body(call->request, &size);
    int r;

    if (size == 0) {
        reply_problem(reply, &problems_malformed_json,
                      "the body is empty: a JSON object is expected");
        return BODY_E_REFUSED;
    }
    r = canon_parse(bytes, size, size, &root, &error);
    if (r > 0)
        return body_refuse_syntax(reply, &error);
    if (r)
        return r;
    r = decode(call, shape, root, ret_object, reply);
    if (r)
        return r;
    *ret_root = root;
    root = NULL;
    return 0;
}

int body_decode_optional(const struct call *call, const struct shape *shape, json_t **ret_root,
                         void *ret_object, struct reply *reply)
{
    size_t size;

    (void)request_body(call->request, &size);
    if (size > 0)
        return body_decode(call, shape, ret_root, ret_object, reply);
    json_auto_t *root = json_object();
    return decode(call, shape, root, ret_object, reply);
}
