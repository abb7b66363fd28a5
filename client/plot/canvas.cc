#include "client/plot/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <cmath>
#include <cstddef>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace ganserve::plot {
namespace {

// For screens of high resolution, and for enlarging.
constexpr double kPngScale = 2;
constexpr char kFont[] = "sans-serif";

cairo_status_t Append(void* bytes, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

struct Canvas::State {
  PictureFormat format;
  // Takes what cairo writes, so it outlives the surface.
  std::string bytes;
  std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface;
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo;

  State(PictureFormat picture_format, double width, double height)
      : format(picture_format), surface(nullptr, &cairo_surface_destroy), cairo(nullptr, &cairo_destroy) {
    if (format == PictureFormat::kSvg) {
      surface.reset(cairo_svg_surface_create_for_stream(&Append, &bytes, width, height));
    } else {
      surface.reset(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::lround(width * kPngScale)),
                                               static_cast<int>(std::lround(height * kPngScale))));
    }
    cairo.reset(cairo_create(surface.get()));
    if (format == PictureFormat::kPng) cairo_scale(cairo.get(), kPngScale, kPngScale);
  }

  void SetColour(const Colour& colour) { cairo_set_source_rgb(cairo.get(), colour.red, colour.green, colour.blue); }

  void SetFont(const TextStyle& style) {
    cairo_select_font_face(cairo.get(), kFont, CAIRO_FONT_SLANT_NORMAL,
                           style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo.get(), style.size);
  }
};

Canvas::Canvas(PictureFormat format, double width, double height)
    : state_(std::make_unique<State>(format, width, height)) {
  Fill({0, 0, width, height}, {1, 1, 1});
}

Canvas::~Canvas() = default;

void Canvas::Fill(const Box& box, const Colour& colour) {
  state_->SetColour(colour);
  cairo_rectangle(state_->cairo.get(), box.left, box.top, box.width(), box.height());
  cairo_fill(state_->cairo.get());
}

void Canvas::Curve(const std::vector<Point>& points, const Colour& colour, double width, const Box& clip) {
  if (points.empty()) return;
  cairo_t* cairo = state_->cairo.get();
  cairo_save(cairo);
  cairo_rectangle(cairo, clip.left, clip.top, clip.width(), clip.height());
  cairo_clip(cairo);
  state_->SetColour(colour);
  if (points.size() == 1) {
    cairo_arc(cairo, points[0].x, points[0].y, 1.5 * width, 0, 2 * std::numbers::pi);
    cairo_fill(cairo);
  } else {
    cairo_set_line_width(cairo, width);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (const Point& point : points) cairo_line_to(cairo, point.x, point.y);
    cairo_stroke(cairo);
  }
  cairo_restore(cairo);
}

void Canvas::Text(double x, double y, const std::string& text, const TextStyle& style) {
  const double width = TextWidth(text, style);
  const double left = style.align == Align::kLeft ? x : x - (style.align == Align::kCentre ? width / 2 : width);
  state_->SetColour(style.colour);
  cairo_move_to(state_->cairo.get(), left, y);
  cairo_show_text(state_->cairo.get(), text.c_str());
}

double Canvas::TextWidth(const std::string& text, const TextStyle& style) {
  state_->SetFont(style);
  cairo_text_extents_t extents;
  cairo_text_extents(state_->cairo.get(), text.c_str(), &extents);
  return extents.x_advance;
}

absl::StatusOr<std::string> Canvas::Finish() {
  cairo_status_t status = cairo_status(state_->cairo.get());
  if (status == CAIRO_STATUS_SUCCESS && state_->format == PictureFormat::kPng) {
    status = cairo_surface_write_to_png_stream(state_->surface.get(), &Append, &state_->bytes);
  }
  cairo_surface_finish(state_->surface.get());
  if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(state_->surface.get());
  if (status == CAIRO_STATUS_SUCCESS) return state_->bytes;
  return absl::ResourceExhaustedError(absl::StrCat("the picture cannot be made: ", cairo_status_to_string(status)));
}

}  // namespace ganserve::plot
