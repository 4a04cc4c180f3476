/* SPDX-License-Identifier: Apache-2.0 */
#include "format/torchscript.h"

#include "files.h"
#include "suite.h"

#define FILE_NAME "formats/module.pt"

START_TEST(describes_a_module_of_pytorch)
{
    CLEANUP(said_release) struct said said = read_file(FILE_NAME, "torchscript");

    ck_assert_json(&said,
                   "{\"format\":\"torchscript\",\"format_version\":\"3\",\"producer\":null,"
                   "\"inputs\":null,\"outputs\":null,\"opsets\":[],\"parameters\":null,"
                   "\"weights\":[],\"quantisation\":null,\"files\":[],\"properties\":{\"archive\":"
                   "\"module\",\"storages\":\"2\",\"storage_bytes\":\"60\"},\"warnings\":["
                   "\"inputs, outputs and parameters are pickled, and not read\"]}");
}
END_TEST

START_TEST(refuses_a_checkpoint)
{
    CLEANUP(said_release) struct said said = read_file("formats/checkpoint.pt", "torchscript");

    ck_assert_fault(said, FAULT_E_OTHER, "torch.jit.save()");
}
END_TEST

START_TEST(refuses_another_archive)
{
    CLEANUP(said_release) struct said said = read_file("formats/tiny.dlc", "torchscript");

    ck_assert_fault(said, FAULT_E_OTHER, "no data.pkl");
}
END_TEST

START_TEST(refuses_a_version_that_is_no_number)
{
    CLEANUP(bytes_release) struct bytes file = bytes_of(FILE_NAME);

    /* the entry's bytes are aligned to 64, behind its header */
    size_t at = place_of(&file, "3\n", 2);
    while (at % 64 != 0)
        at += 1 + (size_t)((char *)memmem(file.bytes + at + 1, file.size - at - 1, "3\n", 2) -
                           (file.bytes + at + 1));
    file.bytes[at] = 'x';
    CLEANUP(said_release) struct said said = read_bytes(file.bytes, file.size, "m", "torchscript");
    ck_assert_fault(said, FAULT_E_DAMAGED, "is no number");
}
END_TEST

START_TEST(refuses_every_cut_of_a_file)
{
    refuses_every_cut(FILE_NAME, "torchscript", NULL);
}
END_TEST

START_TEST(survives_every_wrong_bit)
{
    survives_every_bit(FILE_NAME, "torchscript");
}
END_TEST

int main(void)
{
    return SUITE_RUN("format/torchscript", describes_a_module_of_pytorch, refuses_a_checkpoint,
                     refuses_another_archive, refuses_a_version_that_is_no_number,
                     refuses_every_cut_of_a_file, survives_every_wrong_bit);
}
