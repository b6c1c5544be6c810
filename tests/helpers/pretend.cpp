// A device that is none: memory of the processor under another device's name, and every function computed there.
//
// Tensors of this device and of the processor refuse to meet in one function, as a GPU's do: but for tensors without
// dimensions, and indices, which a GPU takes too. On request it has no float64, as Apple's devices have none.

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

using at::Tensor;
constexpr auto PRETEND = c10::DeviceType::PrivateUse1;
static bool has_float64 = true;

static void check_dtype(at::ScalarType dtype) {
  TORCH_CHECK_TYPE(has_float64 || dtype != at::kDouble, "the pretend device has no float64");
}

struct Memory final : at::Allocator {
  at::DataPtr allocate(size_t bytes) override {
    void* start = c10::GetCPUAllocator()->raw_allocate(bytes);
    return {start, start, raw_deleter(), at::Device(PRETEND, 0)};
  }
  at::DeleterFnPtr raw_deleter() const override { return c10::GetCPUAllocator()->raw_deleter(); }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};
static Memory memory;
REGISTER_ALLOCATOR(PRETEND, &memory);

struct Guard final : c10::impl::NoOpDeviceGuardImpl<PRETEND> {
  c10::Device getDevice() const override { return {PRETEND, 0}; }
  c10::Device exchangeDevice(c10::Device) const override { return {PRETEND, 0}; }
  c10::Stream getStream(c10::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {PRETEND, 0}); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void destroyEvent(void*, const c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    static at::Generator generator = at::detail::createCPUGenerator();
    return generator;
  }
};
static const bool hooked = (at::RegisterPrivateUse1HooksInterface(new Hooks), true);

// The same memory as a tensor of the processor's.
static Tensor on_processor(const Tensor& x) {
  return x.is_cpu() ? x : at::from_blob(x.mutable_data_ptr(), x.sizes(), x.strides(), x.options().device(at::kCPU));
}

static Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                    std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  check_dtype(c10::dtype_or_default(dtype));
  const c10::DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_generic(sizes, &memory, keys, c10::dtype_or_default(dtype), format);
}

static Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides, std::optional<at::ScalarType> dtype,
                            std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  check_dtype(c10::dtype_or_default(dtype));
  const c10::DispatchKeySet keys(c10::DispatchKey::PrivateUse1);
  return at::detail::empty_strided_generic(sizes, strides, &memory, keys, c10::dtype_or_default(dtype));
}

static Tensor copied(const Tensor& from, const Tensor& to, bool) {
  on_processor(to).copy_(on_processor(from));
  return to;
}

static Tensor copied_resized(const Tensor& from, const Tensor& to) {
  return copied(from, from.sizes() == to.sizes() ? to : to.resize_(from.sizes()), false);
}

static at::Scalar item(const Tensor& x) { return on_processor(x).item(); }

static const Tensor& resize(const Tensor& x, at::IntArrayRef sizes, std::optional<at::MemoryFormat>) {
  auto larger = at::empty(sizes, x.options());
  if (larger.nbytes() > x.storage().nbytes()) x.unsafeGetTensorImpl()->set_storage_keep_dtype(larger.storage());
  x.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return x;
}

static void check(const std::string& name, const Tensor& x) {
  if (!x.defined() || (x.is_cpu() && !x.dim())) return;
  TORCH_CHECK(!x.is_cpu(), name, " got a tensor of shape ", x.sizes(), " on the processor beside the pretend device's");
  check_dtype(x.scalar_type());
}

static void compute(const c10::OperatorHandle& function, torch::jit::Stack* stack) {
  const auto& schema = function.schema();
  const auto& name = schema.name();
  for (const auto& value : torch::jit::last(*stack, schema.arguments().size())) {
    if (value.isTensor()) check(name, value.toTensor());
    if (value.isTensorList() && name != "aten::index")
      for (const Tensor& x : value.toTensorVector()) check(name, x);
    if (value.isGenerator()) TORCH_CHECK(false, name, " got a generator of the processor's on the pretend device");
  }
  at::native::cpu_fallback(function, stack);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>()); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("_copy_from", copied);
  m.impl("_copy_from_and_resize", copied_resized);
  m.impl("_local_scalar_dense", item);
  m.impl("resize_", resize);
  // Views are views of its own memory.
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("view", at::native::view);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("unfold", at::native::unfold);
}

TORCH_LIBRARY(pretend, m) {
  m.def("set_float64(bool has) -> ()", [](bool has) { has_float64 = has; });
}
