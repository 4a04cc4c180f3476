/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/chunker.h"

#include <assert.h>

#define NORMALISATION 2

/* The first 256 outputs of SplitMix64 from the state 0x6d6f64656c666572 ("modelfer"). */
static const uint64_t gear[256] = {
    0x5bffd58f6275a4a1U, 0x338bd122ce4d413eU, 0x2960edc7d0fc2322U, 0xd7c0eb0b47a86f66U,
    0x4c4962e0709b5854U, 0x742969e6d181e71aU, 0x27b6125d0db7863bU, 0xce8a20e1d968d286U,
    0x69dca10ee8289a80U, 0x7458fb5eb3441025U, 0x21703fc13474a3c4U, 0x63a242ec06404157U,
    0xdba65f92dbba2bd4U, 0xcb58db47bc0a0348U, 0x72dc7285417ed52bU, 0x25cd54e3d35e3142U,
    0xbc1e22d1a7a473cdU, 0xdb604842344e3ac3U, 0x7fcdd22c56b5243bU, 0xdbd9bf78d709a835U,
    0x5c4be3f7763182c7U, 0x6a6d283f5584cc1aU, 0xeae38076b23fcb1eU, 0x6f596a7ec502ecefU,
    0x8e6a2f73a0b798a7U, 0x5131a651fdbef229U, 0xed8247d78b83f12aU, 0xd82fab53e224dfb9U,
    0x5e030b32439ad5a4U, 0xd0b31aa4e181f345U, 0xbc91211e82548ee1U, 0x8695afe73f7f71bcU,
    0x32f185db8f330155U, 0xca4352b3d0120faeU, 0xee2a3d4ac102b58dU, 0x96f85d9f13e502a1U,
    0x60d641f07d678aa0U, 0xc8b402e0e8a7bd14U, 0x86c5c4f49a54af6eU, 0x44f30536e5c8e64cU,
    0xfa9675d16df7e64bU, 0xa0ce975f88b54e2dU, 0xb7878ae78ab7d150U, 0xec5be4d206cb0017U,
    0xf714d7da9e2760f4U, 0xe22070059d89cd66U, 0xe5918578ee7eb133U, 0x969d3489c34f8b6bU,
    0xe5f44f7df8d26975U, 0xbc2095f5ec3d2896U, 0x6c4c66867e7241dfU, 0x5ca9fd9ce4a8718fU,
    0x43ad839733a85ecfU, 0xb320496b31652411U, 0x7a8f5757c304bc72U, 0xaacf86ba85e5d165U,
    0xabf0cc4d0bce7a66U, 0xaa833075758aa2a1U, 0x29accf2a719b79cfU, 0xa6259c3f91d70ee7U,
    0x28db50570b08cde9U, 0x846da186551e529bU, 0x73bd6cd877bac77dU, 0x460842c2382f4bcaU,
    0x498030f496d67a46U, 0xb239641cc009602eU, 0x9c2fa9b0e3377430U, 0x1973d2b41f3545afU,
    0x066c0a746847182dU, 0x870e451360fc7dbcU, 0xe0953875384aa47eU, 0x344af6b75bffc51eU,
    0x012b3a39e6a11418U, 0xe6bcb002c37d209fU, 0xf5505331a539648bU, 0x259ce11a4286c9b8U,
    0x7710bedc4e280f53U, 0x0c6c18dfeba59965U, 0x0b9349a4a74534ddU, 0xdff22a45fbbe1798U,
    0xc0eeba80e5e91c01U, 0x21fe31e64187a930U, 0x4f60f87ab6eca332U, 0x89963a7ee8b2552aU,
    0xada0387feae18693U, 0x201fa96b6483c51cU, 0x5b904e051746c56cU, 0x99cd8ef84e61e2a3U,
    0x7b261a7fbe5df8e7U, 0xff5a49d1bd9b22d8U, 0xe920ee3e9017642bU, 0xac56cdfa3ebac7beU,
    0xbe4071928a2f549dU, 0x2de76275b23f8320U, 0xed2b701e07cdd488U, 0x6bfec0a50ca9c143U,
    0x0715f8a25ebc5286U, 0x71e9f7a5e968dca1U, 0x5638b5c3941da183U, 0x7673048d6f970474U,
    0xc6f1a8ca97191ee9U, 0x468f7c9b20131121U, 0x9827d9fa19776aa2U, 0x550308e2bd401b79U,
    0x5d5d6506f6bc3ba3U, 0x075b6a66ac32a971U, 0x4ccc6ab791ef17a5U, 0xafe7f7386658811aU,
    0x978397359f38e9c2U, 0xec3cf60853ae7f03U, 0x7ece8c298c882d4dU, 0xc7caeb38d7497470U,
    0xae99d75508b9b669U, 0xa0e69db73feb0753U, 0x5d9fa56abd4a66dcU, 0x01d4f1691dc62373U,
    0x50e988346bf0f972U, 0x97ba6c8e988f3041U, 0x7ba880b59fb68e07U, 0x3a75d53938bd4b7fU,
    0x488fbd90ecd26626U, 0x44b46b8a676fe855U, 0x03a8cda3ac2fd3faU, 0x3d334e6fe199a122U,
    0x66c070cc1937ca21U, 0xa7212c39de6aeaf2U, 0x87ccd21abe2190a1U, 0xe4d8f05725dc6bf9U,
    0x89592d97cea10215U, 0xd19ad1b0fcb42429U, 0x02869fa593d2a0a0U, 0x84e531abd014faaeU,
    0xe4d03db7a6a94fa2U, 0x9703c8d55e7c8172U, 0xf7cdc2a7d70b0679U, 0xba91a76d0c6ca177U,
    0x9cb5a4cb139600f4U, 0xdb392ab84d39841fU, 0xfdb3f241452d0239U, 0x7ab20dda93ba57f3U,
    0xa96f9e0a8c2d9760U, 0x8914cce0a1390789U, 0xa978ea25062520edU, 0x640e9cdf2f3216edU,
    0xe5eb06e1e78e0c4cU, 0x4f9cf7cc9d3d1139U, 0x8e713bb91a569b60U, 0x1da0690adf2e31acU,
    0x3f2e9ee33dfff9a3U, 0xd4eeac65ed9e2108U, 0xcb692986ff19f47aU, 0xd15d92731c852dbaU,
    0xcfa6815289071d24U, 0x0d9b650986e65582U, 0x977bb069c04dba96U, 0xe21c14a4e3e0b3b2U,
    0xbb594af179a143f8U, 0x13f2cd55d1fa85c0U, 0x3598627c4b8b68c2U, 0x61ca08c3ea48824bU,
    0xaf80576cf1b77fe2U, 0x7bf8cee400e4ba08U, 0x7d9e95052e7aa37aU, 0x0df5b1eadde1aa29U,
    0x3cbd37bed6bae824U, 0x9333c144f52b5cf4U, 0xbd262aef06be80b4U, 0x0df067d9afbaa785U,
    0x7f114bf85344be1aU, 0x90e46ad9db2db0d6U, 0xba457f13d03a30a3U, 0x60c6b32aacdaa2a7U,
    0x7c0bac19e1cd7e8dU, 0x8abd296d0646e703U, 0x0dad41f282306fa7U, 0xab38cac2a4fb4dbdU,
    0xb606d343b4f6b235U, 0x76c656a149e437a7U, 0x39f74d2530b43bd0U, 0x3fb0e8d467b3317dU,
    0xa15674222cb17a2eU, 0x6bdd5d628b511dbcU, 0x6ef9c77a0cc01684U, 0x33cac584bcb85521U,
    0x89c846787b098f76U, 0x7b317c75b5408182U, 0x21d7c57995867a00U, 0x2bdd3a0be8883018U,
    0x27d3eb36b60eadc2U, 0x421026a351c9cdabU, 0xb0fb32fe703e6432U, 0x7d05947c56f32285U,
    0xfebbfbea5853ed3bU, 0xad8d2af64abee090U, 0xf94f320573ad0833U, 0x56eeb1d90be0429bU,
    0xefc99af5b1e31e11U, 0x2309fef8bec06408U, 0xeaf192625eb043e5U, 0xbf805dc41547c34bU,
    0x9ff73e0d0f4dcd5dU, 0x447bf09fe96daeefU, 0x8a61c35f1b3b14edU, 0x7edc036c29a1050fU,
    0x9c25c64e14b784a0U, 0x070d1a1ab83b463bU, 0x3183d138c0e7f74eU, 0x7ffafb7e268bd92aU,
    0xc0d0144e0889bbbbU, 0x2480a3fc9ab86a92U, 0xc89e3ca473a91dd9U, 0x10a69593f3bba53eU,
    0xef29093552e0e888U, 0xe2a103164e254280U, 0x771f6f1032aabacdU, 0xe2e11c5fb3453e64U,
    0xf1ecf5c979b52c01U, 0x5de61b9e7c41ba05U, 0x664fa1378f96fbbcU, 0xdfcdd97c5de96d0fU,
    0x7c46753aee994002U, 0x1d9f42d66106c761U, 0x45c917605a5bfdc7U, 0x59cfd163e53d1864U,
    0xb8f48cd60093acb8U, 0x355dffcb2b01af65U, 0xf49add7f2b3e0bc6U, 0x112a564fcd58480fU,
    0x47b0717188f90bf0U, 0xb3e7f24d3210169aU, 0x01806be173c25489U, 0x707bf1650af696fdU,
    0x4b9311aa458ccdc1U, 0xffd0859ca92735b1U, 0xfaefd807df1f1ddeU, 0x780ceda2f3bc3ec4U,
    0x0c2921262ecc3725U, 0xa20acb7a39b1ee03U, 0x5334735714193cb6U, 0xd3713e2aa33b67ccU,
    0xd77d66fd9ed18d98U, 0xa02c21ad70929ec6U, 0x3ef509054afccb0eU, 0x3402a56549b28527U,
    0xede4b1ef46c05c51U, 0xbda57d068618d24fU, 0xf015a5510fbf337eU, 0x6c1861f65bc497fcU,
    0xf0351e11211615b2U, 0x29f994d048ffb73cU, 0x8fe6737381339281U, 0xd2735d2837c0770aU,
    0xd70a8a27dcad2d43U, 0x03a396ef829b13d0U, 0x00156a2b8244a20cU, 0x5f7742f7f4bdd6f4U,
};

/* The highest bits of the hash: those that the last 64 bytes have all reached. */
static uint64_t high_bits(unsigned count)
{
    return ~UINT64_C(0) << (64 - count);
}

void chunker_init(struct chunker *chunker, const struct chunker_params *params)
{
    unsigned bits = (unsigned)__builtin_ctz(params->avg_bytes);

    assert(params->min_bytes >= 64 && params->min_bytes < params->avg_bytes);
    assert(params->avg_bytes < params->max_bytes && params->avg_bytes == UINT32_C(1) << bits);
    *chunker = (struct chunker){
        .params = *params,
        .mask_early = high_bits(bits + NORMALISATION),
        .mask_late = high_bits(bits - NORMALISATION),
    };
}

/*
 * Rolls the hash over bytes until it has none of the mask's bits. Returns how many bytes were
 * taken; *ret_hash says whether the last of them was a cut.
 */
static size_t roll(const uint8_t *bytes, size_t size, uint64_t mask, uint64_t *hash, bool *ret_cut)
{
    uint64_t value = *hash;

    for (size_t i = 0; i < size; i++) {
        value = (value << 1) + gear[bytes[i]];
        if (!(value & mask)) {
            *hash = value;
            *ret_cut = true;
            return i + 1;
        }
    }
    *hash = value;
    *ret_cut = false;
    return size;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t chunker_feed(struct chunker *chunker, const uint8_t *bytes, size_t size, bool *ret_boundary)
{
    const struct chunker_params *params = &chunker->params;
    size_t taken = 0;
    bool cut = false;

    if (chunker->position < params->min_bytes) {
        taken = smaller(size, params->min_bytes - chunker->position);
        chunker->position += (uint32_t)taken;
    }
    while (!cut && taken < size && chunker->position < params->max_bytes) {
        bool early = chunker->position < params->avg_bytes;
        uint32_t end = early ? params->avg_bytes : params->max_bytes;
        size_t count = roll(bytes + taken, smaller(size - taken, end - chunker->position),
                            early ? chunker->mask_early : chunker->mask_late, &chunker->hash, &cut);

        taken += count;
        chunker->position += (uint32_t)count;
    }
    cut = cut || chunker->position == params->max_bytes;
    if (cut) {
        chunker->position = 0;
        chunker->hash = 0;
    }
    *ret_boundary = cut;
    return taken;
}
