/*
 * names_types_test.c: what the names of a stack tell of its blocks. The names are from the name sections of real
 * modules: o1js's kimchi_wasm (rustc 1.94, v0, LLVM's demangler), modules by rustc 1.63 in both schemes, AssemblyScript
 * 0.28, and from C++ binaries by g++ and clang++.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "names/rust_generic.h"
#include "names/types.h"
#include "suite.h"
#include "util.h"

#define CORE "core[a08e9d3b17b5ac6d]::"
#define ALLOC "alloc[4f9b1a23cfd0ee41]::"
#define FQ "ark_ff[5c6c4f80e3a1b6bb]::fields::models::fp::Fp<ark_ff[5c6c4f80e3a1b6bb]::fields::models::fp::montgomery_backend::" \
	"MontBackend<mina_curves[3dcfccd3d8eed801]::pasta::fields::fq::FrConfig, 4usize>, 4usize>"
#define FP "ark_ff[5c6c4f80e3a1b6bb]::fields::models::fp::Fp<ark_ff[5c6c4f80e3a1b6bb]::fields::models::fp::montgomery_backend::" \
	"MontBackend<mina_curves[3dcfccd3d8eed801]::pasta::fields::fp::FqConfig, 4usize>, 4usize>"
#define FP_SHOWN "ark_ff::fields::models::fp::Fp<ark_ff::fields::models::fp::montgomery_backend::" \
	"MontBackend<mina_curves::pasta::fields::fp::FqConfig, 4>, 4>"
#define FQ_SHOWN "ark_ff::fields::models::fp::Fp<ark_ff::fields::models::fp::montgomery_backend::" \
	"MontBackend<mina_curves::pasta::fields::fq::FrConfig, 4>, 4>"
#define VESTA "ark_ec[d7c778f7aa28d4c8]::models::short_weierstrass::affine::Affine<" \
	"mina_curves[3dcfccd3d8eed801]::pasta::curves::vesta::VestaParameters>"
#define PALLAS "ark_ec[d7c778f7aa28d4c8]::models::short_weierstrass::affine::Affine<" \
	"mina_curves[3dcfccd3d8eed801]::pasta::curves::pallas::PallasParameters>"
#define VESTA_SHOWN "ark_ec::models::short_weierstrass::affine::Affine<mina_curves::pasta::curves::vesta::VestaParameters>"
#define INTO_ABI " as wasm_bindgen[eb24c0b8b6d21700]::convert::traits::IntoWasmAbi>::into_abi"
#define COLLECT(of, by) "w:<" ALLOC "vec::Vec<u32> as " ALLOC "vec::spec_from_iter::SpecFromIter<u32, " CORE \
	"iter::adapters::map::Map<" ALLOC "vec::into_iter::IntoIter<" of ">, <wasm::WasmVector<" by ">" INTO_ABI "::{closure#0}>>>::" \
	"from_iter"
#define GROW "w:<" ALLOC "raw_vec::RawVecInner>::finish_grow"
#define RUST_ALLOC "w:__rustc[b1c156c3cad71f26]::__rust_alloc"

static const struct {
	const char *frames[10];   /* innermost first; w: wasm, n: native, j: JavaScript */
	const char *type, *owner; /* NULL: none */
	struct block_sizes sizes;
} stacks[] = {
	/* ---- vectors -------------------------------------------------------------------------------------------- */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<u32>>::grow_one", "w:big::convert::from_radix"}, "u32", NULL, {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<" VESTA ">>::grow_one",
	  "w:<poly[31319f97967dc40d]::SRS<" VESTA ">>::create"}, VESTA_SHOWN, "poly::SRS<" VESTA_SHOWN ">", {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<" ALLOC "vec::Vec<" ALLOC "vec::Vec<" FP ">>>>::grow_one"},
	 "Vec<Vec<" FP_SHOWN ">>", NULL, {0}},
	{{"w:__rust_realloc", "w:" ALLOC "alloc::realloc", "w:<" ALLOC "alloc::Global as " CORE "alloc::Allocator>::grow",
	  "w:" ALLOC "raw_vec::finish_grow::<" ALLOC "alloc::Global>",
	  "w:<" ALLOC "raw_vec::RawVec<typed[3cbf8d55929c597]::Fq>>::grow_amortized",
	  "w:<" ALLOC "vec::Vec<typed[3cbf8d55929c597]::Fq>>::push", "w:run"}, "typed::Fq", "Vec<typed::Fq>", {0}},
	{{"w:__rust_realloc", "w:<" ALLOC "raw_vec::RawVec<_, _>>::reserve::do_reserve_and_handle::<typed[3cbf8d55929c597]::Node, "
	  ALLOC "alloc::Global>", "w:run"}, "typed::Node", NULL, {0}},
	{{RUST_ALLOC, "w:<" ALLOC "collections::vec_deque::VecDeque<u16>>::grow", "w:run"}, "u16", "VecDeque<u16>", {3, 18, true}},
	{{RUST_ALLOC, "w:" ALLOC "vec::from_elem::<u64>", "w:run"}, "u64", "Vec<u64>", {0}},
	{{RUST_ALLOC, "w:<u16 as " ALLOC "slice::hack::ConvertVec>::to_vec::<" ALLOC "alloc::Global>", "w:run"}, "u16",
	 "Vec<u16>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "vec::Vec<u32> as " CORE "clone::Clone>::clone", "w:run"}, "u32", "Vec<u32>", {0}},
	/* A size that is no multiple. */
	{{RUST_ALLOC, "w:<" ALLOC "vec::Vec<u32> as " CORE "clone::Clone>::clone", "w:run"}, NULL, "Vec<u32>", {1, 6, true}},
	/* A copy of an element may have parts: which of them the block is, is not to be seen. */
	{{RUST_ALLOC, "w:<" ALLOC "vec::Vec<poly[31319f97967dc40d]::PolyComm<" VESTA ">> as " CORE "clone::Clone>::clone"},
	 NULL, "Vec<poly::PolyComm<" VESTA_SHOWN ">>", {0}},
	/* So may what a closure makes. */
	{{RUST_ALLOC, "w:<" ALLOC "vec::Vec<u32> as " ALLOC "vec::spec_from_iter::SpecFromIter<u32, " CORE
	  "iter::adapters::map::Map<" CORE "ops::range::Range<usize>, kim::collect::{closure#0}>>>::from_iter", "w:run"},
	 NULL, "Vec<u32>", {0}},
	/* What is written to. */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVecInner<_>>::reserve::do_reserve_and_handle::<" ALLOC "alloc::Global>",
	  "w:<" FQ " as ark_serialize[1be50ccc8b2d6d7d]::CanonicalSerialize>::serialize_compressed::<&mut " ALLOC "vec::Vec<u8>>",
	  "w:<kimchi[4ec846ab305322d3]::circuits::gate::Circuit<" FQ "> as o1_utils::hasher::CryptoDigest>::digest"},
	 "u8", "kimchi::circuits::gate::Circuit<" FQ_SHOWN ">", {0}},
	/* Two vectors: which? */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVecInner<_>>::reserve::do_reserve_and_handle::<" ALLOC "alloc::Global>",
	  "w:kim::copy::<&mut " ALLOC "vec::Vec<u8>, &mut " ALLOC "vec::Vec<u32>>"}, NULL, NULL, {0}},

	/* ---- text ----------------------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:" ALLOC "fmt::format::format_inner", "w:<typed::Srs<u8>>::create"}, "u8", "typed::Srs<u8>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "string::String as " CORE "clone::Clone>::clone", "w:run"}, "u8", "String", {0}},
	{{"w:__rust_realloc", "w:_ZN5alloc7raw_vec11finish_grow17h4171362a54fed59aE.llvm.17272798840770452225",
	  "w:_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$7reserve21do_reserve_and_handle17hc9f0e4db55ffb879E",
	  "w:_ZN50_$LT$$RF$mut$u20$W$u20$as$u20$core..fmt..Write$GT$9write_str17he04451e4654e3f3bE.llvm.14717814173739458714",
	  "w:<typed::Fp as " CORE "fmt::Debug>::fmt", "w:run"}, "u8", "String", {0}},
	{{RUST_ALLOC, "w:<u32 as " ALLOC "string::ToString>::to_string", "w:run"}, "u8", "String", {0}},

	/* ---- objects -------------------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:" ALLOC "alloc::exchange_malloc", "w:<" ALLOC "boxed::Box<typed::Node>>::new", "w:run"},
	 "typed::Node", "Box<typed::Node>", {3, 24, true}},
	{{RUST_ALLOC, "w:<" ALLOC "boxed::Box<typed::Node>>::new", "w:run"}, NULL, "Box<typed::Node>", {3, 25, true}},
	{{RUST_ALLOC, "w:<" ALLOC "sync::Arc<typed::Poly<u64>>>::new", "w:<typed::Prover>::new", "w:run"},
	 "typed::Poly<u64>", "typed::Prover", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "rc::Rc<[u64]>>::allocate_for_slice", "w:run"}, "u64", "Rc<[u64]>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "sync::Arc<str>>::allocate_for_slice", "w:run"}, "u8", "Arc<str>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "boxed::Box<dyn typed::Shape>>::new", "w:run"}, NULL, NULL, {0}},
	{{"n:" ALLOC "alloc::alloc", "n:" ALLOC "boxed::box_new_uninit",
	  "n:<" ALLOC "boxed::Box<" ALLOC "sync::ArcInner<typed::Poly<u64>>>>::new",
	  "n:<" ALLOC "sync::Arc<typed::Poly<u64>>>::new", "n:main"}, "typed::Poly<u64>", "Arc<typed::Poly<u64>>", {0}},
	/* Default::default may allocate for what is inside. */
	{{RUST_ALLOC, "w:<" ALLOC "sync::Arc<typed::Cache> as " CORE "default::Default>::default", "w:run"}, NULL,
	 "Arc<typed::Cache>", {0}},

	/* ---- tables and trees ----------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:<hashbrown[ece71fa1e8f92ac4]::raw::RawTableInner<" ALLOC "alloc::Global>>::fallible_with_capacity",
	  "w:<hashbrown[ece71fa1e8f92ac4]::raw::RawTable<(u32, typed::Fp)>>::reserve_rehash::<hashbrown[ece71fa1e8f92ac4]::"
	  "map::make_hasher<u32, typed::Fp, std[9c26f43aafe45c0b]::hash::random::RandomState>::{closure#0}>",
	  "w:<hashbrown[ece71fa1e8f92ac4]::map::HashMap<u32, typed::Fp, std[9c26f43aafe45c0b]::hash::random::RandomState>>::insert",
	  "w:run"}, "(u32, typed::Fp)", "HashMap<u32, typed::Fp>", {0}},
	{{RUST_ALLOC, "w:<hashbrown::raw::RawTable<(kimchi::Column, ())>>::reserve_rehash::<f::{closure#0}>",
	  "w:<hashbrown::map::HashMap<kimchi::Column, (), std::hash::random::RandomState>>::insert", "w:run"},
	 "kimchi::Column", "HashSet<kimchi::Column>", {0}},
	{{RUST_ALLOC, "w:<hashbrown::raw::RawTable<(typed::Key, " ALLOC "vec::Vec<u32>)> as " CORE "clone::Clone>::clone"},
	 NULL, NULL, {0}},
	{{RUST_ALLOC, "w:<" ALLOC "collections::btree::map::entry::VacantEntry<u32, typed::Fq>>::insert",
	  "w:<" ALLOC "collections::btree::map::BTreeMap<u32, typed::Fq>>::insert", "w:run"}, "(u32, typed::Fq)",
	 "BTreeMap<u32, typed::Fq>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "boxed::Box<" ALLOC "collections::btree::node::LeafNode<u64, " ALLOC
	  "collections::btree::set_val::SetValZST>>>::new_uninit_in",
	  "w:<" ALLOC "collections::btree::map::BTreeMap<u64, " ALLOC "collections::btree::set_val::SetValZST>>::insert"},
	 "u64", "BTreeSet<u64>", {0}},
	{{RUST_ALLOC, "w:<" ALLOC "collections::linked_list::LinkedList<typed::Square>>::push_back", "w:run"}, "typed::Square",
	 "LinkedList<typed::Square>", {0}},

	/* ---- wasm-bindgen --------------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:<arkworks::group_affine::WasmGPallas" INTO_ABI,
	  "w:<kimchi_wasm::wasm_vector::WasmVector<arkworks::group_affine::WasmGPallas>" INTO_ABI, "w:caml_fq_srs_get",
	  "w:caml_fq_srs_get multivalue shim", "j:caml_fq_srs_get"}, "arkworks::group_affine::WasmGPallas",
	 "kimchi_wasm::wasm_vector::WasmVector<arkworks::group_affine::WasmGPallas>", {2, 176, true}},
	/* The same code: what is handed over is a WasmGVesta. */
	{{RUST_ALLOC, "w:<arkworks::group_affine::WasmGPallas" INTO_ABI,
	  "w:<kimchi_wasm::wasm_vector::WasmVector<arkworks::group_affine::WasmGVesta>" INTO_ABI, "w:caml_fp_srs_get",
	  "j:caml_fp_srs_get"}, "arkworks::group_affine::WasmGVesta",
	 "kimchi_wasm::wasm_vector::WasmVector<arkworks::group_affine::WasmGVesta>", {2, 176, true}},
	/* Of another module it could be a part. */
	{{RUST_ALLOC, "w:<arkworks::group_affine::WasmGPallas" INTO_ABI,
	  "w:<kimchi_wasm::wasm_vector::WasmVector<arkworks::poly_comm::WasmFpPolyComm>" INTO_ABI, "w:caml_fp_srs_get"}, NULL,
	 "kimchi_wasm::wasm_vector::WasmVector<arkworks::poly_comm::WasmFpPolyComm>", {2, 176, true}},
	{{RUST_ALLOC, "w:<arkworks::group_affine::WasmGPallas" INTO_ABI, "w:wasmfpopeningproof_sg", "j:get"}, NULL, NULL, {0}},
	{{RUST_ALLOC, "w:<counter::Counter" INTO_ABI, "w:counter_new", "j:Counter"}, "counter::Counter", "Counter", {0}},
	/* Not a class: it hands over bytes. */
	{{RUST_ALLOC, "w:<arkworks::pasta_fq::WasmPastaFq" INTO_ABI, "w:__wbg_get_wasmfqshifts_s2", "j:get"}, NULL, NULL, {0}},
	{{RUST_ALLOC, "w:<wasm_types::FlatVector<arkworks::pasta_fq::WasmPastaFq> as wasm_bindgen::convert::traits::"
	  "FromWasmAbi>::from_abi", "w:wasmfqgate_new", "j:WasmFqGate"}, NULL, "WasmFqGate", {0}},
	{{RUST_ALLOC, "w:__wbindgen_malloc", "j:passArray8ToWasm0", "j:set", "j:affineToRust"}, "u8", NULL, {0}},
	{{"w:func[12]", "w:__wbindgen_export_0", "j:passStringToWasm0", "j:parse"}, "u8", NULL, {0}},
	{{RUST_ALLOC, "w:__wbindgen_malloc", "j:passArrayXToWasm0", "j:set"}, NULL, NULL, {0}},
	{{RUST_ALLOC, "w:other_malloc", "j:passArray8ToWasm0", "j:set"}, NULL, NULL, {0}},

	/* ---- merged functions ----------------------------------------------------------------------------------- */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<typed::Fp>>::grow_one", "w:<typed::Poly<typed::Fq>>::push", "w:run"},
	 NULL, "typed::Poly<typed::Fq>", {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<typed::Fp>>::grow_one", "w:<" ALLOC "vec::Vec<typed::Fp>>::push",
	  "w:<typed::Poly<typed::Fq>>::push", "w:run"}, NULL, "typed::Poly<typed::Fq>", {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<" PALLAS ">>::grow_one",
	  "w:<poly_commitment::ipa::SRS<" VESTA ">>::create", "w:run"}, NULL, "poly_commitment::ipa::SRS<" VESTA_SHOWN ">", {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<typed::Fp>>::reserve_for_push", "w:vec_push_fq"}, NULL, NULL, {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<kim::gate::CircuitGate<" FP ">>>::grow_one",
	  "w:caml_pasta_fq_plonk_gate_vector_add"}, NULL, NULL, {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<kim::gate::CircuitGate<" FQ ">>>::grow_one",
	  "w:caml_pasta_fq_plonk_gate_vector_add"}, "kim::gate::CircuitGate<" FQ_SHOWN ">", NULL, {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<kim::gate::CircuitGate<" FP ">>>::grow_one", "w:add",
	  "j:caml_pasta_fq_plonk_gate_vector_add"}, NULL, NULL, {0}},
	/* A vector of objects hands over each; what collects the pointers to them makes a vector of these, which does not live. */
	{{RUST_ALLOC, COLLECT("wasm::Comm", "wasm::Comm"), "w:<wasm::WasmVector<wasm::Comm>" INTO_ABI, "w:get"}, "wasm::Comm",
	 "wasm::WasmVector<wasm::Comm>", {3, 312, true}},
	{{RUST_ALLOC, COLLECT("wasm::Comm", "wasm::Other"), "w:<wasm::WasmVector<wasm::Other>" INTO_ABI, "w:get"}, "wasm::Other",
	 "wasm::WasmVector<wasm::Other>", {3, 312, true}},
	{{RUST_ALLOC, COLLECT("wasm::Comm", "wasm::Comm"), "w:<wasm::WasmVector<wasm::Comm>" INTO_ABI, "w:get"}, NULL,
	 "wasm::WasmVector<wasm::Comm>", {1, 12, false}},
	{{RUST_ALLOC, COLLECT("wasm::Comm", "wasm::Comm"), "w:<wasm::WasmVector<wasm::Comm>" INTO_ABI, "w:get"}, NULL,
	 "wasm::WasmVector<wasm::Comm>", {4, 324 + 1, true}},
	{{RUST_ALLOC, GROW, COLLECT("wasm::Comm", "wasm::Comm"), "w:<wasm::WasmVector<wasm::Comm>" INTO_ABI, "w:get"}, NULL,
	 "wasm::WasmVector<wasm::Comm>", {3, 312, true}},
	/* One of the library's own frames says otherwise: what was inlined was not merged. */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<typed::Point>>::grow_one", "w:<" ALLOC "vec::Vec<typed::Pixel>>::push",
	  "w:run"}, NULL, "Vec<typed::Pixel>", {0}},
	/* What the owner's name bears out is in doubt with it. */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<typed::Point<typed::Fp>>>::with_capacity_in",
	  "w:<typed::Srs<typed::Point<typed::Fp>>>::create", "w:typed::srs_fq"}, NULL, "typed::Srs", {0}},
	/* Whose the outermost is, can be another's name as well. */
	{{RUST_ALLOC, "w:" ALLOC "fmt::format::format_inner", "w:<typed::Srs<typed::Point<typed::Fp>>>::create", "w:srs_fq"},
	 "u8", "typed::Srs", {0}},
	/* No sibling: another type of the same object's. */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<kim::gate::CircuitGate<" FP ">>>::grow_one",
	  "w:<kim::gate::Circuit<" FP ">>::read", "w:run"}, "kim::gate::CircuitGate<" FP_SHOWN ">",
	 "kim::gate::Circuit<" FP_SHOWN ">", {0}},

	/* ---- owners --------------------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:<typed::Poly<F>>::repeat::h0123456789abcdef", "w:run"}, NULL, "typed::Poly", {0}},
	{{RUST_ALLOC, "w:typed::Poly<F>::repeat::h0123456789abcdef", "w:run"}, NULL, "typed::Poly", {0}},
	{{RUST_ALLOC, "w:<kim::Index as serde::ser::Serialize>::serialize::<W>", "w:kim::encode"}, NULL, NULL, {0}},
	{{RUST_ALLOC, "w:<rayon_core[975c4aeed0fd64b]::sleep::Sleep>::new", "w:kim::init"}, NULL, "rayon_core::sleep::Sleep",
	 {0}},
	{{RUST_ALLOC, "w:<rayon_core[975c4aeed0fd64b]::thread_pool::ThreadPool>::install::<kim::f, ()>", "w:kim::init"}, NULL,
	 NULL, {0}},
	/* A thread's own list: the polynomial was only the first to need it. */
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<(*mut u8, unsafe extern \"C\" fn(*mut u8)), std::alloc::System>>::grow_one",
	  "w:std[9c26f43aafe45c0b]::sys::thread_local::destructors::list::register", "w:<ark_poly::Dense<" FP ">>::evaluate"},
	 "(*mut u8, unsafe extern \"C\" fn(*mut u8))", NULL, {0}},
	{{RUST_ALLOC, "w:<mina::Params<" FP ">>::new", "w:<once_cell::imp::OnceCell<mina::Params<" FP ">>>::initialize::<f>",
	  "w:<ark_poly::Dense<" FP ">>::evaluate"}, NULL, "mina::Params<" FP_SHOWN ">", {0}},
	{{RUST_ALLOC, "w:num_bigint::biguint::division::div_rem_core", "w:<num_bigint::BigUint as num::Num>::from_str",
	  "w:kim::params"}, NULL, "num_bigint::BigUint", {0}},

	/* ---- the older scheme, which erases types --------------------------------------------------------------- */
	{{"w:__rust_alloc", "w:_ZN5alloc5alloc5alloc17h88f98f7cef2a3424E",
	  "w:_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$11allocate_in17h3cf9a4dd5f4ff6eeE",
	  "w:_ZN5alloc3vec16Vec$LT$T$C$A$GT$16with_capacity_in17ha55da3feb66fd2a6E",
	  "w:_ZN5alloc3vec9from_elem17h5cc7726223a91c49E", "w:vec_clone_fp"}, NULL, NULL, {0}},
	{{"w:__rust_alloc", "w:_ZN60_$LT$alloc..string..String$u20$as$u20$core..clone..Clone$GT$5clone17he983d020df669600E",
	  "w:run"}, "u8", "String", {0}},

	/* ---- what cannot be told -------------------------------------------------------------------------------- */
	{{RUST_ALLOC, "w:run"}, NULL, NULL, {0}},
	{{RUST_ALLOC}, NULL, NULL, {0}},
	{{RUST_ALLOC, NULL}, NULL, NULL, {0}},
	{{"n:malloc", "n:main", "n:__libc_start_call_main"}, NULL, NULL, {0}},
	/* V8 cuts a name at 4 KB. */
	{{RUST_ALLOC, "w:" ALLOC "fmt::format::format_inner",
	  "w:<kim::Index<" VESTA "> as kim::Build>::build::<kim::Ever<" VESTA}, "u8", "kim::Index<" VESTA_SHOWN ">", {0}},
	{{RUST_ALLOC, GROW, "w:<" ALLOC "raw_vec::RawVec<kim::gate::Circ"}, NULL, NULL, {0}},

	/* ---- C++ ------------------------------------------------------------------------------------------------ */
	{{"n:operator new(unsigned long)", "n:std::__new_allocator<Point>::allocate(unsigned long, void const*)",
	  "n:std::allocator_traits<std::allocator<Point> >::allocate(std::allocator<Point>&, unsigned long)",
	  "n:std::_Vector_base<Point, std::allocator<Point> >::_M_allocate(unsigned long)", "n:main"}, "Point", NULL, {0}},
	/* Of functions of the same code one is left: what is further out is of the real type. */
	{{"n:operator new(unsigned long)",
	  "n:std::__new_allocator<int>::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
	  "n:std::_Vector_base<float, std::allocator<float> >::_M_create_storage(unsigned long)",
	  "n:std::vector<float, std::allocator<float> >::push_back(float const&)", "n:main"},
	 "float", NULL, {0}},
	{{"n:std::__new_allocator<int>::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
	  "n:std::vector<unsigned int, std::allocator<unsigned int> >::push_back(unsigned int const&)", "n:main"},
	 "unsigned int", NULL, {0}},
	{{"n:std::__new_allocator<std::vector<int, std::allocator<int> >>::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<Rgb, std::allocator<Rgb> >::_M_allocate(unsigned long)",
	  "n:std::vector<Rgb, std::allocator<Rgb> >::push_back(Rgb const&)", "n:main"},
	 "Rgb", NULL, {0}},
	{{"n:std::__new_allocator<std::unique_ptr<A, std::default_delete<A> > >::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<B*, std::allocator<B*> >::_M_allocate(unsigned long)",
	  "n:std::vector<B*, std::allocator<B*> >::push_back(B* const&)", "n:main"},
	 "B*", NULL, {0}},
	/* It, or what one of its elements holds? */
	{{"n:std::__new_allocator<Rgb>::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<Rgb, std::allocator<Rgb> >::_M_allocate(unsigned long)",
	  "n:std::vector<Point, std::allocator<Point> >::push_back(Point const&)", "n:main"},
	 NULL, NULL, {0}},
	/* It is of one of its elements. */
	{{"n:std::__new_allocator<int>::allocate(unsigned long, void const*)",
	  "n:std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
	  "n:std::vector<int, std::allocator<int> >::vector(int const&)",
	  "n:std::vector<std::vector<int, std::allocator<int> >, std::allocator<std::vector<int, std::allocator<int> > > >::push_back(std::vector<int, std::allocator<int> > const&)", "n:main"},
	 "int", NULL, {0}},
	/* An array of its own. */
	{{"n:std::__new_allocator<int*>::allocate(unsigned long, void const*)",
	  "n:std::_Deque_base<int, std::allocator<int> >::_M_allocate_map(unsigned long)", "n:main"},
	 "int*", NULL, {0}},
	{{"n:std::__new_allocator<unsigned long>::allocate(unsigned long, void const*)",
	  "n:std::vector<bool, std::allocator<bool> >::_M_reallocate(unsigned long)", "n:main"},
	 "unsigned long", NULL, {0}},
	{{"n:std::__new_allocator<std::_Rb_tree_node<std::pair<int const, Foo> >>::allocate(unsigned long, void const*)",
	  "n:std::_Rb_tree<int, std::pair<int const, Foo>, std::_Select1st<std::pair<int const, Foo> >, std::less<int>, std::allocator<std::pair<int const, Foo> > >::_M_get_node()", "n:main"},
	 "std::pair<int const, Foo>", NULL, {0}},
	{{"n:std::__new_allocator<std::_Rb_tree_node<std::pair<int const, Foo> >>::allocate(unsigned long, void const*)",
	  "n:std::_Rb_tree<int, std::pair<int const, Bar>, std::_Select1st<std::pair<int const, Bar> >, std::less<int>, std::allocator<std::pair<int const, Bar> > >::_M_get_node()", "n:main"},
	 NULL, NULL, {0}},
	{{"n:operator new(unsigned long)",
	  "n:std::__new_allocator<std::_Rb_tree_node<std::pair<int const, Point> > >::allocate(unsigned long, void const*)"},
	 "std::pair<int const, Point>", NULL, {0}},
	{{"n:operator new(unsigned long)", "n:std::allocator_traits<std::allocator<std::_Sp_counted_ptr_inplace<ns::Shape, "
	  "std::allocator<void>, (__gnu_cxx::_Lock_policy)2> > >::allocate(unsigned long)", "n:f()"}, "ns::Shape", NULL, {0}},
	{{"n:operator new(unsigned long)",
	  "n:void std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(__gnu_cxx::__normal_iterator<int*, "
	  "std::vector<int, std::allocator<int> > >, int&&)", "n:fill()"}, "int", "std::vector<int, std::allocator<int> >", {0}},
	{{"n:operator new(unsigned long)", "n:std::vector<int, std::allocator<int> >::_M_default_append(unsigned long)",
	  "n:std::__detail::_MakeUniq<Derived>::__single_object std::make_unique<Derived>()", "n:main"}, "int",
	 "std::vector<int, std::allocator<int> >", {0}},
	{{"n:operator new(unsigned long)", "n:std::_Hashtable<int, Foo>::_M_rehash(unsigned long)",
	  "n:std::__detail::_MakeUniq<Derived>::__single_object std::make_unique<Derived>()", "n:main"}, NULL, NULL, {0}},
	{{"n:operator new(unsigned long)",
	  "n:std::__detail::_MakeUniq<Derived>::__single_object std::make_unique<Derived>()", "n:main"}, "Derived", NULL, {0}},
	{{"n:operator new(unsigned long)", "n:std::__new_allocator<std::__cxx11::basic_string<char, std::char_traits<char>, "
	  "std::allocator<char> > >::allocate(unsigned long, void const*)", "n:main"}, "std::string", NULL, {0}},
	/* A copy of a Person may allocate for her name. */
	{{"n:operator new(unsigned long)",
	  "n:void std::vector<Person, std::allocator<Person> >::_M_realloc_insert<Person const&>(Person const&)", "n:fill()"},
	 NULL, "std::vector<Person, std::allocator<Person> >", {0}},
	{{"n:operator new(unsigned long)", "n:std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::"
	  "_M_create(unsigned long&, unsigned long)", "n:main"}, "char", "std::string", {0}},
	{{"n:operator new(unsigned long)", "n:ns::Owner<int>::Owner(int)", "n:main"}, NULL, "ns::Owner<int>", {0}},
	{{"n:ns::Pooled::operator new(unsigned long)", "n:make(int)"}, "ns::Pooled", NULL, {0}},
	{{"n:operator new(unsigned long)", "n:(anonymous namespace)::Table::Table()", "n:main"}, NULL,
	 "(anonymous namespace)::Table", {0}},
	{{"n:operator new(unsigned long)", "n:make(int)", "n:main"}, NULL, NULL, {0}},
	{{"w:malloc", "w:operator new(unsigned long)",
	  "w:std::__2::allocator<char>::allocate[abi:v160004](unsigned long)", "w:run"}, "char", NULL, {0}},

	/* ---- AssemblyScript ------------------------------------------------------------------------------------- */
	{{"w:~lib/rt/tlsf/__alloc", "w:~lib/rt/itcms/__new", "w:assembly/index/Foo#constructor", "w:assembly/index/run"},
	 "assembly/index/Foo", NULL, {0}},
	{{"w:~lib/rt/itcms/__new", "w:~lib/rt/itcms/__renew", "w:~lib/array/ensureCapacity", "w:~lib/array/Array<i32>#push",
	  "w:assembly/index/List#add"}, "i32", "assembly/index/List", {0}},
	{{"w:~lib/rt/itcms/__renew", "w:~lib/array/ensureCapacity", "w:~lib/array/Array<~lib/string/String>#push", "w:run"},
	 "String", "Array<String>", {0}},
	{{"w:~lib/rt/itcms/__new", "w:~lib/string/String#concat", "w:assembly/index/run"}, "String", NULL, {0}},
	{{"w:~lib/rt/itcms/__new", "w:~lib/util/number/itoa32", "w:~lib/number/I32#toString", "w:assembly/index/run"}, "String",
	 NULL, {0}},
	/* Itself or its buffer? */
	{{"w:~lib/rt/itcms/__new", "w:~lib/array/Array<i32>#constructor", "w:assembly/index/run"}, NULL, "Array<i32>", {0}},
	{{"w:~lib/rt/itcms/__new", "w:~lib/arraybuffer/ArrayBuffer#constructor",
	  "w:~lib/map/Map<i32,~lib/string/String>#rehash", "w:run"}, "ArrayBuffer", "Map<i32,String>", {0}},
};

static struct block_type ask(struct types *types, size_t row)
{
	static struct frame frames[sizeof(stacks) / sizeof(*stacks)][10];
	const struct frame *stack[10];
	size_t count = 0;

	for (; count < 10 && (stacks[row].frames[count] || (count == 1 && !stacks[row].frames[1])); count++) {
		const char *name = stacks[row].frames[count];

		frames[row][count] = (struct frame){
			.kind = !name ? FRAME_UNKNOWN : *name == 'w' ? FRAME_WASM : *name == 'j' ? FRAME_JS : FRAME_NATIVE,
			.function = name ? name + 2 : NULL};
		stack[count] = &frames[row][count];
	}
	return types_of(types, stack, count, stacks[row].sizes);
}

START_TEST(table)
{
	struct types *types = types_open();

	/* Twice: then all names are known. */
	for (int i = 0; i < 2; i++) {
		struct block_type answer = ask(types, (size_t)_i);

		ck_assert_msg(stacks[_i].type ? answer.type && !strcmp(answer.type, stacks[_i].type) : !answer.type,
		              "%s: type is %s", stacks[_i].frames[1], answer.type);
		ck_assert_msg(stacks[_i].owner ? answer.owner && !strcmp(answer.owner, stacks[_i].owner) : !answer.owner,
		              "%s: owner is %s", stacks[_i].frames[1], answer.owner);
		ck_assert(!answer.evidence == (!answer.type && !answer.owner));
	}
	types_close(types);
}
END_TEST

/* Doubt is told where it is. */
START_TEST(evidence)
{
	static const struct frame frames[] = {
		{.kind = FRAME_WASM, .function = "<alloc::raw_vec::RawVec<typed::Fp>>::grow_one"},
		{.kind = FRAME_WASM, .function = "<typed::Poly<typed::Fp>>::push"},
		{.kind = FRAME_WASM, .function = "run"},
	};
	const struct frame *confirmed[] = {&frames[0], &frames[1], &frames[2]}, *silent[] = {&frames[0], &frames[2]};
	struct types *types = types_open();

	ck_assert_ptr_nonnull(strstr(types_of(types, confirmed, 3, (struct block_sizes){0}).evidence, "; confirmed"));
	ck_assert_ptr_nonnull(strstr(types_of(types, silent, 2, (struct block_sizes){0}).evidence, "; unconfirmed"));
	types_close(types);
}
END_TEST

/* What debug information adds: functions that were inlined, type arguments, that nothing was merged. */
START_TEST(native)
{
	static const struct {
		struct frame frames[6];   /* innermost first */
		size_t    count;
		const char *type;         /* NULL: none */
	} cases[] = {
		/* What was inlined knows better than what may have been merged. */
		{{{.function = "<alloc::raw_vec::RawVec<i64>>::reserve_for_push", .file = "raw_vec.rs"},
		  {.function = "alloc::vec::Vec<T,A>::push", .generic = "alloc::vec::Vec<u64,alloc::alloc::Global>::push",
		   .file = "vec.rs", .inlined = true},
		  {.function = "kept::main", .file = "kept.rs"}}, 3, "u64"},
		{{{.function = "<alloc::raw_vec::RawVec<i64>>::reserve_for_push"},
		  {.function = "<alloc::vec::Vec<u64>>::push"}, {.function = "kept::main"}}, 3, NULL},
		{{{.function = "<alloc::raw_vec::RawVec<u64>>::reserve_for_push"},
		  {.function = "<alloc::vec::Vec<u64>>::push"}, {.function = "kept::main"}}, 3, "u64"},
		/* The symbols tell of others of the same code. */
		{{{.function = "<alloc::raw_vec::RawVec<u64>>::reserve_for_push", .merged = true}, {.function = "kept::main"}}, 2,
		 NULL},
		{{{.function = "<alloc::raw_vec::RawVec<i8>>::grow_one", .merged = true},
		  {.function = "<alloc::string::String as core::fmt::Write>::write_str"}, {.function = "kept::main"}}, 3, "u8"},
		/* Elements that are copied have parts; where those would have frames of their own, it is the elements. */
		{{{.function = "<alloc::vec::Vec<kept::Money> as core::clone::Clone>::clone", .file = "vec.rs", .inlined = true},
		  {.function = "kept::run", .file = "kept.rs"}}, 2, "kept::Money"},
		{{{.function = "<alloc::vec::Vec<kept::Money> as core::clone::Clone>::clone"}, {.function = "kept::run"}}, 2, NULL},
		{{{.function = "<alloc::vec::Vec<alloc::string::String> as core::clone::Clone>::clone", .file = "vec.rs"},
		  {.function = "kept::run", .file = "kept.rs"}}, 2, NULL},
		/* A sibling further out says nothing where not even the smallest functions were inlined. */
		{{{.function = "alloc::alloc::alloc"}, {.function = "<alloc::boxed::Box<kept::Money>>::new"},
		  {.function = "kept::repeated::<kept::Weight>"}}, 3, "kept::Money"},
		{{{.function = "<alloc::boxed::Box<kept::Money>>::new"}, {.function = "kept::repeated::<kept::Weight>"}}, 2, NULL},
		/* Nor of what was inlined into a user's function. */
		{{{.function = "<alloc::boxed::Box<kept::Money>>::new", .inlined = true},
		  {.function = "kept::repeated::<kept::Weight>"}}, 2, "kept::Money"},
		/* … unless that is several. */
		{{{.function = "<alloc::boxed::Box<kept::Money>>::new", .inlined = true},
		  {.function = "kept::boxed::<kept::Money>", .merged = true}}, 2, NULL},
		/* What is handed to the end of a vec![…] is its buffer. */
		{{{.function = "alloc::alloc::exchange_malloc"},
		  {.function = "kept::main", .literal = "alloc::slice::hack::into_vec::<kept::Money>"}}, 2, "kept::Money"},
	};
	const struct frame *stack[6];
	struct frame frames[6];
	struct types *types = types_open();
	struct block_type answer;

	for (size_t i = 0; i < cases[_i].count; i++) {
		frames[i] = cases[_i].frames[i];
		frames[i].kind = FRAME_NATIVE;
		stack[i] = &frames[i];
	}
	answer = types_of(types, stack, cases[_i].count, (struct block_sizes){0});
	ck_assert_msg(cases[_i].type ? answer.type && !strcmp(answer.type, cases[_i].type) : !answer.type, "case %d: %s", _i,
	              answer.type);
	types_close(types);
}
END_TEST

START_TEST(generic)
{
	static const struct { const char *function, *parameters, *name, *whole; } cases[] = {
		{"alloc::vec::Vec<T,A>::push", "T,A", "push<u32, alloc::alloc::Global>", "alloc::vec::Vec<u32,alloc::alloc::Global>::push"},
		{"alloc::vec::from_elem", "T", "from_elem<(u8, u16)>", "alloc::vec::from_elem::<(u8, u16)>"},
		{"<alloc::vec::Vec<T> as core::iter::FromIterator<T>>::from_iter::h0123456789abcdef", "T,I",
		 "from_iter<u8, Map<Range<u32>, kept::{closure_env#3}>>",
		 "<alloc::vec::Vec<u8> as core::iter::FromIterator<u8>>::from_iter::<Map<Range<u32>, kept::{closure#3}>>"},
		{"alloc::slice::<impl [T]>::to_vec", "T", "to_vec<u64>", "alloc::slice::<impl [u64]>::to_vec"},
		{"kept::T::make", "T", "make<u8>", "kept::T::make::<u8>"},
		{"kept::Maker::many", "Self,T", "many<kept::Boxer, u8>", "kept::Maker::many::<u8>"},
		/* What does not fit */
		{"alloc::vec::Vec<T,A>::push", "T", "push<u32, alloc::alloc::Global>", NULL},
		{"alloc::vec::Vec<T,A>::push", "T,A", "push<", NULL}, {"alloc::vec::Vec<T,A>::push", "", "push<>", NULL},
	};
	char *whole = rust_generic(cases[_i].function, cases[_i].parameters, cases[_i].name);

	ck_assert_msg(cases[_i].whole ? whole && !strcmp(whole, cases[_i].whole) : !whole, "case %d: %s", _i, whole);
	free(whole);
}
END_TEST

/* Names that nobody gives a function: nothing is read beyond their end, and none takes long. */
START_TEST(hostile)
{
	static const char *const pieces[] = {
		"<", ">", "::", "[", "]", "(", ")", "{", "}", "<alloc::raw_vec::RawVec<", "&mut ", " as ", "a::B", ", ", "'a",
		"->", "_R", "alloc::vec::Vec<u8>", "::<", "#", "~lib/", "operator<", "std::vector<", "@", ".llvm.", "[0123456789abcdef]",
	};
	char *names[2000];
	struct frame frames[8];
	const struct frame *stack[8];
	struct types *types = types_open();
	uint32_t state = 1;

	for (size_t i = 0; i < 2000; i++) {
		size_t size = 0, most = i % 50 ? 200 : 20000;

		names[i] = xmalloc(most + 32);
		names[i][0] = '\0';
		while (size < most) {
			const char *piece = pieces[(state >> 16) % (sizeof(pieces) / sizeof(*pieces))];

			state = state * 1103515245 + 12345;
			if (i % 50 == 49) /* one bracket after the other */
				piece = pieces[i / 50 % 10];
			memcpy(names[i] + size, piece, strlen(piece) + 1);
			size += strlen(piece);
		}
		frames[i % 8] = (struct frame){.kind = FRAME_WASM, .function = names[i]};
		for (size_t n = 0; n < 8; n++)
			stack[n] = &frames[(i + 8 - n) % 8];
		types_of(types, stack, i < 8 ? 1 : 8, (struct block_sizes){1, 32, true});
	}
	types_close(types);
	for (size_t i = 0; i < 2000; i++)
		free(names[i]);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("types");

	tcase_add_loop_test(tcase, table, 0, sizeof(stacks) / sizeof(*stacks));
	tcase_add_test(tcase, evidence);
	tcase_add_loop_test(tcase, native, 0, 13);
	tcase_add_loop_test(tcase, generic, 0, 9);
	tcase_add_test(tcase, hostile);
	return suite_run("types", tcase);
}
